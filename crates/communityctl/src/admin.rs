//! HTTP: the admin ports of both programs, and the public port of the edge.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::commands::Context;
use crate::error::Error;
use crate::settings;

/// The largest answer that is read: a page of 500 records is far smaller.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// One HTTP port.
pub(crate) struct Port {
    client: reqwest::Client,
    url: Url,
    setting: &'static str,
    token: Option<SecretString>,
}

/// An answer of any kind.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) request_id: String,
}

impl Port {
    /// The edge's admin port.
    pub(crate) fn of_edge_admin(context: &Context<'_>) -> Result<Self, Error> {
        let (setting, given) = ("WEBHOOK_EDGE_ADMIN_LISTEN", &context.options.edge_admin);
        let url = settings::port(context.env, given.as_ref(), setting, 9465)?;
        let token = settings::edge_admin_token(context.env)?;
        Self::new(context, url, setting, token)
    }

    /// The service's admin port.
    pub(crate) fn of_service_admin(context: &Context<'_>) -> Result<Self, Error> {
        let (setting, given) = ("COMMUNITY_SVC_ADMIN_LISTEN", &context.options.service_admin);
        let url = settings::port(context.env, given.as_ref(), setting, 9464)?;
        Self::new(context, url, setting, None)
    }

    /// The edge's public port.
    pub(crate) fn of_edge(context: &Context<'_>) -> Result<Self, Error> {
        let (setting, given) = ("WEBHOOK_EDGE_LISTEN", &context.options.edge);
        let url = settings::port(context.env, given.as_ref(), setting, 8080)?;
        Self::new(context, url, setting, None)
    }

    fn new(
        context: &Context<'_>,
        url: Url,
        setting: &'static str,
        token: Option<SecretString>,
    ) -> Result<Self, Error> {
        // Fails only when a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(context.options.timeout))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("communityctl/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Usage(format!("no HTTP client can be made: {error}")))?;
        Ok(Self {
            client,
            url,
            setting,
            token,
        })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Reads JSON.
    pub(crate) async fn get(&self, attempted: &'static str, path: &str) -> Result<Value, Error> {
        let request = self.request(Method::GET, path)?;
        json(attempted, &self.send(attempted, request).await?)
    }

    /// Sends JSON and reads JSON.
    pub(crate) async fn post(
        &self,
        attempted: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Value, Error> {
        let request = self
            .request(Method::POST, path)?
            .header("content-type", "application/json")
            .body(body.to_string());
        json(attempted, &self.send(attempted, request).await?)
    }

    /// A request to this path, with the token where there is one.
    pub(crate) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Error> {
        let url = self
            .url
            .join(path)
            .map_err(|_| Error::Usage(format!("{path:?} makes no URL")))?;
        let request = self.client.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }

    /// Sends it; any answer is one.
    pub(crate) async fn send(
        &self,
        attempted: &'static str,
        request: RequestBuilder,
    ) -> Result<Answer, Error> {
        let no_answer = |_| Error::NoAnswer {
            attempted,
            url: self.url.to_string(),
            setting: self.setting,
        };
        let mut response = request.send().await.map_err(no_answer)?;
        let request_id = response.headers().get("x-request-id");
        let request_id = request_id
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default();
        let (status, request_id) = (response.status().as_u16(), request_id.to_owned());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if bytes.len() + chunk.len() > LARGEST_ANSWER {
                return Err(Error::Unintelligible(format!(
                    "{attempted} failed: the answer of {} is too large to be ours",
                    self.url
                )));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            request_id,
        })
    }
}

fn json(attempted: &'static str, answer: &Answer) -> Result<Value, Error> {
    let parsed: Option<Value> = serde_json::from_str(&answer.text).ok();
    if answer.status == StatusCode::OK {
        let problem =
            || Error::Unintelligible(format!("{attempted} failed: the answer is no JSON"));
        return parsed.ok_or_else(problem);
    }
    let said = parsed.and_then(|answer| Some(answer.get("error")?.as_str()?.to_owned()));
    Err(Error::Refused {
        attempted,
        status: answer.status,
        message: said
            .unwrap_or_else(|| "it gives no reason; is it the edge's admin port?".to_owned()),
    })
}
