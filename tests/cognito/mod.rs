//! AWS Cognito behind the contract `refresh_token`.

#[cfg(not(feature = "cognito"))]
mod absent;
#[cfg(feature = "cognito")]
mod answers;
#[cfg(feature = "cognito")]
mod check;
#[cfg(feature = "cognito")]
mod commands;
#[cfg(feature = "cognito")]
mod emulator;
#[cfg(feature = "cognito")]
mod emulators;
#[cfg(feature = "cognito")]
mod explain;
#[cfg(feature = "cognito")]
mod figures;
#[cfg(feature = "cognito")]
mod flights;
#[cfg(feature = "cognito")]
mod introspect;
#[cfg(feature = "cognito")]
mod logout;
#[cfg(feature = "cognito")]
mod stub;
#[cfg(feature = "cognito")]
mod trouble;
