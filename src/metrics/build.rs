//! Which binary this is.

use super::{Made, Metrics};

/// Says which version runs, and what is built into it.
pub fn describe(metrics: &Metrics, has_cognito: bool) -> Made<()> {
    let help = "Always 1; the labels say which binary it is.";
    let info = metrics.gauges("remint_build_info", help, &["version", "cognito"])?;
    let cognito = if has_cognito { "true" } else { "false" };
    info.with_label_values(&[env!("CARGO_PKG_VERSION"), cognito])
        .set(1);
    Ok(())
}
