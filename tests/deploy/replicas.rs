//! Replicas behind a proxy, with the very file that people copy.

use serde_json::Value;

use super::{file, get};
use crate::harness::process::Place;
use crate::harness::proxy::Kind;

#[test]
fn haproxy_finds_the_replica_that_is_there_and_names_the_client_itself() {
    let place = || Place::new().with("TRUSTED_PROXIES", "127.0.0.1");
    let places = [place(), place()];
    let mut services = places.each_ref().map(Place::serve);
    let [one, two] = services.each_ref().map(|it| it.address().to_string());
    let proxy = Kind::HaProxy.with(|port| {
        file("haproxy/haproxy.cfg")
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))
            .replace("10.0.0.1:8000", &one)
            .replace("10.0.0.2:8000", &two)
    });
    let Some(proxy) = proxy else { return };
    let verify = || get(proxy.address, "/api/auth/verify", "x").0;

    for service in &mut services {
        assert_eq!([(); 4].map(|()| verify()), [401; 4]);
        let line = service.line_with("remint::audit");
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["client"], "127.0.0.1");
        service.signal("KILL");
        service.end();
    }
    assert_eq!(verify(), 503);
}
