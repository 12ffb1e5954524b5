-- Spring Security 6 on MariaDB: the columns of JdbcDaoImpl as an entity of Hibernate 6, which makes
-- boolean a bit(1) there.
CREATE TABLE users (
    username varchar(50) NOT NULL,
    password varchar(500) NOT NULL,
    enabled bit(1) NOT NULL,
    PRIMARY KEY (username)
) ENGINE = InnoDB;

INSERT INTO users VALUES ('alice', '{noop}x', b'1'), ('bob', '{noop}x', b'0');
