//! The status in every answer, and in every record of an answer.

use super::{Node, XmlError};
use crate::fault::{Class, CodeSource, NetSuiteError, classify};

/// The result of one operation on one record.
#[derive(Debug)]
pub(super) struct Status {
    is_success: bool,
    is_saved: bool,
    code: String,
    message: String,
}

impl Status {
    /// Reads the status inside `response`.
    pub(super) fn read(response: &Node) -> Result<Self, XmlError> {
        let status = response.required("status")?;
        let is_success = match status.attribute("isSuccess") {
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => return Err(XmlError::value("isSuccess", other)),
            None => return Err(XmlError::Missing("isSuccess")),
        };
        let details: Vec<_> = status.all("statusDetail").collect();
        let is_error = |it: &&&Node| !matches!(it.attribute("type"), Some("WARN" | "INFO"));
        let worst = details.iter().find(is_error).or(details.first());
        let value = |name| worst.and_then(|it| it.value(name)).unwrap_or_default().to_owned();
        Ok(Self {
            is_success,
            is_saved: details.iter().any(|detail| after_submit_failed(detail)),
            code: value("code"),
            message: value("message"),
        })
    }

    /// An error unless the operation succeeded.
    pub(super) fn check(self) -> Result<(), NetSuiteError> {
        if self.is_success {
            return Ok(());
        }
        let class = match (self.code.as_str(), self.message.as_str()) {
            // A refusal without code and message is not reliable.
            ("", "") => Class::Failed,
            (code, message) => classify(CodeSource::Status, code, message),
        };
        Err(NetSuiteError::detail(class, &self.code, &self.message))
    }

    /// An error unless the record was saved. It is saved even if a script that ran afterwards
    /// failed.
    pub(super) fn check_written(self) -> Result<(), NetSuiteError> {
        if self.is_saved { Ok(()) } else { self.check() }
    }
}

/// NetSuite spells the element in two ways.
fn after_submit_failed(detail: &Node) -> bool {
    let is_flag = |it: &&Node| it.name().eq_ignore_ascii_case("afterSubmitFailed");
    detail.children.iter().find(is_flag).is_some_and(|it| matches!(it.text(), "true" | "1"))
}
