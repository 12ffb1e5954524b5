//! User pools that others have written.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::logs;
use crate::harness::process::PATIENCE;
use crate::harness::scripts::Scripts;
use crate::harness::servers::daemon::{Supervised, free_port, supervise};

/// The user of every pool; cognito-local wants an address.
const USER: &str = "alice@example.com";

const PASSWORD: &str = "Correct-horse-7";

/// What stands in for Cognito.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The npm package.
    CognitoLocal,
    /// The Python package.
    Moto,
}

impl Kind {
    /// The package.
    fn scripts(self) -> &'static Scripts {
        static COGNITO_LOCAL: Scripts = Scripts::node("cognito");
        static MOTO: Scripts = Scripts::python("cognito");

        match self {
            Self::CognitoLocal => &COGNITO_LOCAL,
            Self::Moto => &MOTO,
        }
    }

    /// Starts it in a folder of its own, where it keeps what it must remember.
    pub(super) fn start(self) -> Option<Emulator> {
        if !self.scripts().are_installed() {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("remint-test-").tempdir();
        let mut emulator = Emulator {
            kind: self,
            folder: folder.unwrap().keep(),
            port: free_port(),
            process: None,
        };
        emulator.start();
        Some(emulator)
    }
}

/// A server with user pools.
pub(super) struct Emulator {
    kind: Kind,
    folder: PathBuf,
    port: u16,
    process: Option<Supervised>,
}

/// A user who has logged in.
pub(super) struct Account {
    pub(super) pool: String,
    pub(super) client: String,
    pub(super) refresh_token: String,
}

impl Emulator {
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it, again if it was killed.
    pub(super) fn start(&mut self) {
        let script = match self.kind {
            Kind::CognitoLocal => {
                r#"cd "$FOLDER" && HOST=127.0.0.1 exec "$PACKAGES/node_modules/.bin/cognito-local""#
            }
            Kind::Moto => r#"exec "$PACKAGES/bin/moto_server" -H 127.0.0.1 -p "$PORT""#,
        };
        let packages = self.kind.scripts().target();
        let variables = BTreeMap::from([
            ("OWNER", "nobody".to_owned()),
            ("PACKAGES", packages.to_str().unwrap().to_owned()),
            ("PORT", self.port.to_string()),
        ]);
        self.process = Some(supervise(script, &self.folder, &variables));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < deadline, "{:?} did not start", self.kind);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it without warning.
    pub(super) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.server.kill().unwrap();
        process.server.wait().unwrap();
        // It would take the folder away with it.
        process.supervisor.kill().unwrap();
        process.supervisor.wait().unwrap();
    }

    /// What an operation answers; panics where that is no success.
    pub(super) fn call(&self, operation: &str, input: &Value) -> Value {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        // moto takes any account of a request for that of the pool; the others need none.
        let account = "AWS4-HMAC-SHA256 Credential=test/20270101/eu-central-1/cognito-idp/\
                       aws4_request, SignedHeaders=host, Signature=none";
        let request = ureq::post(self.url())
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", account);
        let answer = request.send(input.to_string());
        let mut answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let text = answer.body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A pool of its own, with a user who has just logged in.
    pub(super) fn log_in(&self) -> Account {
        let pool = self.call("CreateUserPool", &json!({"PoolName": "test"}));
        let pool = text(&pool["UserPool"]["Id"]);
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let input = json!({"UserPoolId": pool, "ClientName": "test", "ExplicitAuthFlows": flows});
        let client = self.call("CreateUserPoolClient", &input);
        let client = text(&client["UserPoolClient"]["ClientId"]);
        let input = json!({"UserPoolId": pool, "Username": USER, "MessageAction": "SUPPRESS"});
        self.call("AdminCreateUser", &input);
        let input = json!({
            "UserPoolId": pool, "Username": USER, "Password": PASSWORD, "Permanent": true,
        });
        self.call("AdminSetUserPassword", &input);
        let input = json!({
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": client,
            "AuthParameters": {"USERNAME": USER, "PASSWORD": PASSWORD},
        });
        let tokens = self.call("InitiateAuth", &input);
        let refresh_token = text(&tokens["AuthenticationResult"]["RefreshToken"]);
        logs::never(&refresh_token);
        Account {
            pool,
            client,
            refresh_token,
        }
    }

    /// Logs the user of a pool out everywhere, in the way that it knows.
    pub(super) fn log_out(&self, account: &Account) {
        match self.kind {
            Kind::CognitoLocal => {
                let token = &account.refresh_token;
                let input = json!({"ClientId": account.client, "Token": token});
                self.call("RevokeToken", &input);
            }
            Kind::Moto => {
                let input = json!({"UserPoolId": account.pool, "Username": USER});
                self.call("AdminUserGlobalSignOut", &input);
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
