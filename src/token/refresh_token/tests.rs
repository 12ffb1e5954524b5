use super::*;

const SECRET: &str = "a secret of many different characters, made for tests alone";

fn signing(secret: &str) -> SigningKey {
    SigningKey {
        key_id: None,
        secret: Secret::of_text(secret),
    }
}

fn tokens() -> RefreshTokens {
    RefreshTokens::new(&signing(SECRET), &[])
}

/// Each contract that has refresh tokens, with a name that its tokens have room for.
fn named() -> [(Contract, SessionName); 4] {
    let id = SessionName::Id(SessionId(Uuid::from_u128(0x1234_5678_9abc_def0 << 40)));
    let handle = Handle::of_number((1 << Handle::BITS) - 2).unwrap();
    [
        (Contract::Cookie, id),
        (Contract::Envelope, SessionName::Handle(handle)),
        (Contract::RefreshToken, id),
        (Contract::TokenPair, id),
    ]
}

#[test]
fn what_was_signed_is_read_back_and_is_always_the_same() {
    for (contract, name) in named() {
        for generation in [0, 1, 513, 65_535] {
            let token = tokens().sign(contract, name, generation).unwrap();
            let read = tokens().verify(contract, &token).unwrap();

            assert_eq!((read.session, read.generation), (name, generation));
            assert_eq!(token, tokens().sign(contract, name, generation).unwrap());
        }
    }
}

#[test]
fn tokens_have_the_form_that_their_frontends_know() {
    let [cookie, envelope, _, pair] =
        named().map(|(contract, name)| tokens().sign(contract, name, 7).unwrap());

    assert_eq!(STANDARD.decode(&pair).unwrap().len(), 64);
    assert_eq!((pair.len(), cookie.len()), (88, 76));
    let uuid = Uuid::parse_str(&envelope).unwrap();
    assert_eq!(uuid.get_version_num(), 4);
    assert_eq!(uuid.get_variant(), Variant::RFC4122);
    assert_eq!(uuid.to_string(), envelope);
}

#[test]
fn a_token_of_another_contract_or_key_is_refused() {
    let stranger = RefreshTokens::new(&signing("another secret of many characters"), &[]);
    for (contract, name) in named() {
        let token = tokens().sign(contract, name, 7).unwrap();

        for other in Contract::ALL.into_iter().filter(|other| *other != contract) {
            assert!(tokens().verify(other, &token).is_err(), "{other:?}");
        }
        let refused = stranger.verify(contract, &token);
        assert_eq!(refused, Err(Unverified::Signature));
    }
}

#[test]
fn every_bit_of_a_token_counts() {
    let [_, envelope, ..] =
        named().map(|(contract, name)| tokens().sign(contract, name, 7).unwrap());
    let bits = Uuid::parse_str(&envelope).unwrap().as_u128();
    for bit in 0..128 {
        let changed = Uuid::from_u128(bits ^ (1 << bit)).to_string();
        let verified = tokens().verify(Contract::Envelope, &changed);
        assert!(verified.is_err(), "bit {bit}");
    }
    let (contract, name) = named()[3];
    let bytes = STANDARD.decode(tokens().sign(contract, name, 7).unwrap());
    for bit in 0..512 {
        let mut changed = bytes.clone().unwrap();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = STANDARD.encode(changed);
        assert!(tokens().verify(contract, &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn garbage_is_refused_whatever_it_looks_like() {
    let [cookie, envelope, _, pair] =
        named().map(|(contract, name)| tokens().sign(contract, name, 7).unwrap());
    let braced = format!("{{{envelope}}}");
    let bare = envelope.replace('-', "");
    let long = "A".repeat(MAX_TOKEN_BYTES + 1);
    for (contract, garbage) in [
        (Contract::Cookie, ""),
        (Contract::Cookie, cookie.get(..75).unwrap()),
        (Contract::Cookie, &format!("{cookie}=")),
        (Contract::Cookie, &long),
        (Contract::Envelope, &braced),
        (Contract::Envelope, &bare),
        (Contract::Envelope, "00000000-0000-4000-8000-000000000000"),
        (Contract::TokenPair, pair.trim_end_matches('=')),
        (Contract::TokenPair, &format!(" {pair}")),
        (Contract::TokenPair, &format!("{pair}AAAA")),
    ] {
        assert!(tokens().verify(contract, garbage).is_err(), "{garbage}");
    }
}

#[test]
fn a_key_that_no_longer_signs_keeps_its_tokens_alive() {
    let until = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
    let previous = VerifyingKey {
        key_id: None,
        secret: Secret::of_text(SECRET),
        valid_until: Some(until),
    };
    let ring = RefreshTokens::new(&signing("the next secret of many characters"), &[previous]);
    for (contract, name) in named() {
        let old = tokens().sign(contract, name, 7).unwrap();

        let read = ring.verify(contract, &old).unwrap();

        assert_eq!(read.key.label, "previous-1");
        assert_eq!(read.key.valid_until, Some(until));
        assert_ne!(ring.sign(contract, name, 7).unwrap(), old);
    }
}

#[test]
fn a_generation_that_a_uuid_has_no_room_for_is_not_signed() {
    let (contract, name) = named()[1];

    assert!(tokens().sign(contract, name, 65_536).is_err());
    assert_eq!(contract.last_generation(), 65_535);
}

#[test]
fn an_imported_token_is_found_by_itself_and_by_its_hash() {
    let hash = Sha256::digest("legacy").into();
    let of = |contract, token: &LegacyToken<'_>| tokens().imported(contract, token);
    let by_hash = of(Contract::Envelope, &LegacyToken::Hash(&hash));
    let by_text = LegacyToken::Text(LegacyText("legacy"));

    assert_eq!(of(Contract::Envelope, &by_text), by_hash);
    assert_ne!(of(Contract::TokenPair, &by_text), by_hash);
}
