//! What mail providers report.

use super::AppObject;
use crate::mail::MailReport;
use crate::problem::ApiResult;

impl AppObject {
    pub(super) fn take_mail_reports(&self, _reports: &[MailReport]) -> ApiResult<()> {
        self.head().map(|_| ())
    }
}
