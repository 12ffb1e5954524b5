-- Spring Security 6 on SQLite: users.ddl word by word, since SQLite takes any word for a type.
CREATE TABLE users (
    username varchar_ignorecase(50) NOT NULL PRIMARY KEY,
    password varchar_ignorecase(500) NOT NULL,
    enabled boolean NOT NULL
);

INSERT INTO users VALUES ('alice', '{noop}x', TRUE), ('bob', '{noop}x', FALSE);
