// jsonwebtoken of Node. `sign` and `verify` as in pyjwt.py.
const fs = require("node:fs");
const jwt = require("jsonwebtoken");

const secret = process.env.JWT_SECRET;
const input = fs.readFileSync(0, "utf8");
if (process.argv[2] === "sign") {
  console.log(jwt.sign(JSON.parse(input), secret, { algorithm: "HS256" }));
} else {
  console.log(JSON.stringify(jwt.verify(input, secret, { algorithms: ["HS256"] })));
}
