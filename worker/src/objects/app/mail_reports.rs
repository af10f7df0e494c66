//! What mail providers report: addresses that take no mail are written to no more, by no tenant of the app.

use super::AppObject;
use super::suppression::block;
use crate::auth::link::address_hash;
use crate::host;
use crate::mail::{MailReport, Reported};
use crate::problem::ApiResult;
use crate::rpc::{MailCall, Suppression, TenantCall, TenantEnvelope, tenant_object};

impl AppObject {
    /// Takes reports in. They come at least once and in no order; what they say is true however often it is said. Fails where a
    /// tenant could not be told, so that the provider comes again.
    pub(super) async fn take_mail_reports(&self, reports: &[MailReport]) -> ApiResult<()> {
        let head = self.head()?;
        for report in reports.iter().filter(|report| report.what.ends_the_address()) {
            let reason = if report.what == Reported::Complained { "complaint" } else { "bounce" };
            for address in &report.addresses {
                let hash = address_hash(&head.link_key, address)?;
                self.suppress(&Suppression { hash, reason: reason.to_owned(), at: host::now() })?;
            }
        }
        for report in reports {
            let Some((letter, tenant)) = self.letter_of(report)? else { continue };
            for address in report.addresses.iter().filter(|_| report.what.ends_the_address()) {
                block(&self.rows()?, address_hash(&head.link_key, address)?, &tenant)?;
            }
            let call = TenantCall::Mail(MailCall::Reported {
                letter,
                what: report.what.word().to_owned(),
                detail: report.detail.clone(),
                suppresses: report.what.ends_the_address(),
            });
            let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
            tenant_object(&self.env, &head.id, &tenant)?.call::<()>(&envelope).await?;
        }
        Ok(())
    }

    /// The letter that a report is about, and whose it is.
    fn letter_of(&self, report: &MailReport) -> ApiResult<Option<(String, String)>> {
        let Some(key) = &report.key else { return Ok(None) };
        Ok(self.tenant_of_letter(key)?.map(|tenant| (key.clone(), tenant)))
    }
}
