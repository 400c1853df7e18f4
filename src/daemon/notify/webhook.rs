//! Notices to a webhook: JSON of our own, or what Slack and its like take.
//!
//! Promises that the address is named nowhere, since with Slack it is the secret itself. Leaves the
//! way to the network to [`crate::http::client`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use url::Url;

use super::{Channel, ChannelError, Refusal};
use crate::clock::Clock;
use crate::config::{WebhookFormat, WebhookUrl, webhook_url};
use crate::http::client::{Connection, ReqwestTransport};
use crate::http::{About, Answer, Request, Transport, retry_after};
use crate::show::notice::{Notice, object, slack};

/// First byte to last, at most.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One webhook.
pub(super) struct Webhook {
    url: Url,
    format: WebhookFormat,
    transport: ReqwestTransport,
    clock: Clock,
}

impl Webhook {
    /// A webhook, with its address where that is kept.
    ///
    /// # Errors
    /// When the address cannot be had or is none.
    pub(super) fn new(
        url: &WebhookUrl,
        format: WebhookFormat,
        clock: Clock,
    ) -> Result<Self, ChannelError> {
        let url = match url {
            WebhookUrl::Open(url) => url.clone(),
            WebhookUrl::Kept(secret) => {
                let place = secret.to_string();
                webhook_url(secret.resolve()?.expose())
                    .map_err(|problem| ChannelError::Address { place, problem })?
            }
        };
        Ok(Self {
            url,
            format,
            transport: ReqwestTransport::new(&Connection::default())?,
            clock,
        })
    }

    fn request(&self, notice: &Notice) -> Request {
        let body = match self.format {
            WebhookFormat::Json => object(notice),
            WebhookFormat::Slack => slack(notice),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Request {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Bytes::from(body.to_string()),
            timeout: TIMEOUT,
            about: About::Service,
        }
    }
}

#[async_trait]
impl Channel for Webhook {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    async fn send(&self, notice: &Notice) -> Result<(), Refusal> {
        match self.transport.send(self.request(notice)).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(refused(&answer, &self.clock)),
            // The kind speaks of an app; the detail names host and port and no path.
            Err(fault) => Err(Refusal {
                reason: fault.detail,
                passing: true,
                wait: None,
            }),
        }
    }
}

fn refused(answer: &Answer, clock: &Clock) -> Refusal {
    let passing = answer.status.is_server_error()
        || matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    Refusal {
        reason: format!("the answer was {}", answer.status.as_u16()),
        passing,
        wait: retry_after::read(answer.status, &answer.headers, clock.now()),
    }
}
