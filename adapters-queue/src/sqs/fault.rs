//! Errors of SQS and of the connection to it, translated in one place.

use std::{error::Error, sync::Arc};

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use ports::JobsError;

/// Why a call failed: the cases that a caller or an operator handles differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SqsFault {
    #[error(
        "AWS does not accept the credentials: {0}; fix: give this process an access key \
         or a role that is valid, and check the machine's clock"
    )]
    Credentials(String),
    #[error("AWS does not permit it: {0}; fix: grant the right, see deploy/iam-policy.json")]
    Permission(String),
    #[error(
        "there is no such queue: {0}; fix: create it, or correct its URL, the region or \
         the endpoint"
    )]
    Missing(String),
    #[error("SQS cannot be reached: {0}; fix: check region, endpoint and network")]
    Unreachable(String),
    #[error("SQS throttles calls: {0}; fix: if this persists, raise the queue's quota")]
    Throttled(String),
    #[error("the receipt handle is not valid any more: {0}")]
    LeaseLost(String),
    #[error("this is not an answer of SQS: {0}; fix: check the endpoint")]
    Unintelligible(String),
    #[error("SQS refuses it: {0}")]
    Refused(String),
}

/// A failed call, with its subject.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{action} of {queue}: {fault}")]
pub(super) struct SqsError {
    pub(super) action: &'static str,
    pub(super) queue: Arc<str>,
    pub(super) fault: SqsFault,
}

impl SqsFault {
    /// The fault behind one of SQS's error codes.
    pub(super) fn of_code(code: &str, message: &str) -> Self {
        let words = format!("{code} {message}").trim().to_owned();
        // Older answers have the prefix `AWS.SimpleQueueService.`.
        match code.rsplit('.').next().unwrap_or(code) {
            "AuthFailure"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSecurity"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::Credentials(words),
            "AccessDenied" | "AccessDeniedException" | "KmsAccessDenied" => Self::Permission(words),
            "InvalidAddress" | "NonExistentQueue" | "QueueDoesNotExist" => Self::Missing(words),
            "KmsThrottled" | "RequestThrottled" | "Throttling" | "ThrottlingException" => {
                Self::Throttled(words)
            }
            "MessageNotInflight" | "ReceiptHandleIsInvalid" => Self::LeaseLost(words),
            // FIFO queues report an expired handle in this way.
            "InvalidParameterValue" if message.contains("parameter ReceiptHandle") => {
                Self::LeaseLost(words)
            }
            _ => Self::Refused(words),
        }
    }
}

impl<E: ProvideErrorMetadata + Error + 'static, R: std::fmt::Debug + 'static> From<SdkError<E, R>>
    for SqsFault
{
    fn from(error: SdkError<E, R>) -> Self {
        if let Some(code) = error.code() {
            return Self::of_code(code, error.message().unwrap_or_default());
        }
        let words = ports::error_chain(&error);
        match error {
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => Self::Unintelligible(words),
            // The credential chain reports this before anything is sent.
            _ if words.contains("credential") => Self::Credentials(words),
            _ => Self::Unreachable(words),
        }
    }
}

impl From<SqsError> for JobsError {
    fn from(failure: SqsError) -> Self {
        match failure.fault {
            SqsFault::LeaseLost(_) => Self::LeaseLost,
            _ => Self::Unavailable(failure.into()),
        }
    }
}
