//! The keys that open the webhook and the admin API.

use std::collections::BTreeMap;

use domain::Tenant;
use secrecy::{ExposeSecret, SecretString};

use super::{
    CustomerConfig, Server, secret,
    section::{Section, Severity},
};

pub(super) fn webhook_keys(section: &Section<'_>) -> Option<Vec<SecretString>> {
    if section.tree("webhook_keys").is_none() {
        section.fault("webhook_keys", "is missing: list at least one key");
    }
    let keys = section.list("webhook_keys", secret);
    section.warn_of_short("webhook_keys", keys.as_deref().unwrap_or_default());
    keys
}

/// Reports keys that are shared between tenants, or between a webhook and the admin API.
pub(super) fn shared(root: &Section<'_>, server: &Server, customers: &[CustomerConfig]) {
    let mut owners: BTreeMap<&str, &Tenant> = BTreeMap::new();
    for customer in customers {
        for key in &customer.webhook_keys {
            let tenant = &customer.tenant;
            match owners.insert(key.expose_secret(), tenant) {
                Some(other) if other != tenant => {
                    let problem = format!(
                        "customer.webhook_keys of {tenant} has a key of {other}: each could send \
                         the other's events"
                    );
                    root.source.note(Severity::Useless, root.line_of("customer"), problem);
                }
                _ => {}
            }
        }
    }
    if let Some(token) = &server.admin_token
        && let Some(tenant) = owners.get(token.expose_secret())
    {
        let problem = format!(
            "server.admin_token is a webhook key of {tenant}: the sender of events could use \
             the admin API"
        );
        root.source.note(Severity::Useless, root.line_of("server"), problem);
    }
}
