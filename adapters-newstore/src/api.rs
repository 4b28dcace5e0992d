//! One call of the GraphQL endpoint: adds the token and interprets the answer.

use graphql_client::GraphQLQuery;
use ports::StorefrontError;
use reqwest::{Client, StatusCode, Url};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    http::{GraphqlError, HttpAnswer},
    json, quote,
    token::Tokens,
};

/// The GraphQL endpoint, and its access tokens.
pub(crate) struct Api {
    pub(crate) http: Client,
    pub(crate) url: Url,
    pub(crate) tokens: Tokens,
}

/// Why a query failed.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// The API rejects the query, with its message; another query may succeed.
    Refused(String),
    /// Any other failure.
    Failed(StorefrontError),
}

impl From<StorefrontError> for QueryError {
    fn from(error: StorefrontError) -> Self {
        Self::Failed(error)
    }
}

impl From<QueryError> for StorefrontError {
    fn from(unanswered: QueryError) -> Self {
        match unanswered {
            QueryError::Refused(why) => Self::Unreadable(why),
            QueryError::Failed(error) => error,
        }
    }
}

impl Api {
    /// The API's answer to this query.
    pub(crate) async fn ask<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
    ) -> Result<Q::ResponseData, QueryError> {
        let question = Q::build_query(variables);
        let request = || self.http.post(self.url.clone()).json(&question);
        let (answer, token) = self.tokens.send(request).await?;
        meaning(answer, &[&token.value, &self.tokens.client_secret])
    }
}

/// The data of an answer; `secrets` are removed from error texts.
pub(crate) fn meaning<D: for<'de> Deserialize<'de>>(
    answer: HttpAnswer,
    secrets: &[&SecretString],
) -> Result<D, QueryError> {
    if answer.status == StatusCode::BAD_REQUEST {
        return Err(QueryError::Refused(answer.describe(secrets)));
    }
    read(&answer.success(secrets)?, secrets)
}

fn read<D: for<'de> Deserialize<'de>>(
    body: &[u8],
    secrets: &[&SecretString],
) -> Result<D, QueryError> {
    let unreadable = |said: &str| StorefrontError::Unreadable(quote::quote(said, secrets));
    let misread = |error: serde_json::Error| unreadable(&without_quotes(&error));
    let body = json::mended(body);
    // The errors are read first: the data beside them may have any shape.
    let errors: Errors = serde_json::from_str(&body).map_err(misread)?;
    if let Some(errors) = errors.errors.filter(|it| !it.is_empty()) {
        let said = errors.into_iter().map(|it| it.message.unwrap_or_default());
        let said = said.collect::<Vec<_>>().join("; ");
        return Err(QueryError::Refused(quote::quote(&format!("GraphQL errors: {said}"), secrets)));
    }
    let answer: Data<D> = serde_json::from_str(&body).map_err(misread)?;
    Ok(answer.data.ok_or_else(|| unreadable("neither data nor errors"))?)
}

/// The parser's message without the text of the answer, which may hold personal data.
fn without_quotes(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.rfind(", expected ").filter(|_| error.is_data()) {
        Some(at) => format!("the answer has another shape{}", &said[at..]),
        None => said,
    }
}

/// The errors of an answer, which come with HTTP status 200.
#[derive(Deserialize)]
struct Errors {
    errors: Option<Vec<GraphqlError>>,
}

/// The data of an answer; other members may have any shape.
#[derive(Deserialize)]
struct Data<D> {
    data: Option<D>,
}
