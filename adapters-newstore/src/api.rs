//! One question to the GraphQL endpoint: the token on it, and what the answer means.

use graphql_client::{GraphQLQuery, Response};
use ports::StorefrontError;
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    http::GraphqlError,
    order::{Order, ResponseData, Told, Variables},
    text,
    token::Tokens,
};

/// The GraphQL endpoint, and the tokens that open it.
pub(crate) struct Api {
    pub(crate) http: Client,
    pub(crate) url: Url,
    pub(crate) tokens: Tokens,
}

impl Api {
    /// What the API tells about the order; `None` when it tells none.
    pub(crate) async fn ask(&self, variables: Variables) -> Result<Option<Told>, StorefrontError> {
        let question = Order::build_query(variables);
        let request = || self.http.post(self.url.clone()).json(&question);
        let (answer, token) = self.tokens.send(request).await?;
        let secrets = [&token.value, &self.tokens.client_secret];
        read(&answer.success(&secrets)?, &secrets)
    }
}

fn read(body: &[u8], secrets: &[&SecretString]) -> Result<Option<Told>, StorefrontError> {
    let unreadable = |said: &str| StorefrontError::Unreadable(text::quote(said, secrets));
    let misread = |error: serde_json::Error| unreadable(&error.to_string());
    // First the errors alone: what stands beside them need not have the right shape.
    let errors: Errors = serde_json::from_slice(body).map_err(misread)?;
    if let Some(errors) = errors.errors.filter(|it| !it.is_empty()) {
        let said = errors.into_iter().map(|it| it.message.unwrap_or_default());
        let said = said.collect::<Vec<_>>().join("; ");
        return Err(unreadable(&format!("GraphQL errors: {said}")));
    }
    let answer: Response<ResponseData> = serde_json::from_slice(body).map_err(misread)?;
    let data = answer.data.ok_or_else(|| unreadable("neither data nor errors"))?;
    Ok(Told::of(data))
}

/// The errors of an answer, which come with HTTP status 200.
#[derive(Deserialize)]
struct Errors {
    errors: Option<Vec<GraphqlError>>,
}
