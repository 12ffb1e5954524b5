//! Where things stand in a refresh token.

use uuid::Uuid;

use crate::domain::SessionId;

/// The first byte of a token; another layout would get another one.
pub(super) const VERSION: u8 = 1;

/// Version, session and generation.
pub(super) const HEAD_BYTES: usize = 1 + 16 + 8;

/// Session and generation of a head of this version.
pub(super) fn read_head(head: &[u8]) -> Option<(SessionId, u64)> {
    let (version, rest) = head.split_first()?;
    let (session, generation) = rest.split_at_checked(16)?;
    let session = Uuid::from_slice(session).ok()?;
    let generation = u64::from_be_bytes(generation.try_into().ok()?);
    (*version == VERSION).then_some((SessionId(session), generation))
}

/// 58 bits of `named` and 64 of `mac`, around the version and the variant (RFC 9562 §5.4).
pub(super) fn pack(named: u64, mac: u64) -> Uuid {
    let bits = (u128::from(named) << 64) | u128::from(mac);
    let (high, middle, low) = (bits >> 74, (bits >> 62) & 0xfff, bits & LOW_BITS);
    Uuid::from_u128((high << 80) | (4 << 76) | (middle << 64) | (0b10 << 62) | low)
}

/// The reverse of [`pack`].
pub(super) fn unpack(uuid: Uuid) -> (u64, u64) {
    let bits = uuid.as_u128();
    let (high, middle, low) = (bits >> 80, (bits >> 64) & 0xfff, bits & LOW_BITS);
    let bits = (high << 74) | (middle << 62) | low;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of 122 bits"
    )]
    let halves = ((bits >> 64) as u64, bits as u64);
    halves
}

/// What stands after the variant of a uuid.
const LOW_BITS: u128 = (1 << 62) - 1;
