//! Carries the S3 SDK's requests over the program's own HTTP client, so that proxy, roots and time-outs are the same.

use aws_sdk_s3::config::{HttpClient as SdkHttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::http::{HttpClient, HttpError, Lane};

/// Error documents and listings are not read beyond this; objects have no cap.
const DOCUMENT_CAP: usize = 1 << 20;

/// One lane of the HTTP client, in the SDK's shape.
#[derive(Debug, Clone)]
struct Connector {
    http: HttpClient,
    lane: Lane,
}

/// An HTTP client for the SDK that sends on the given lane.
pub(super) fn sdk_client(http: HttpClient, lane: Lane) -> SharedHttpClient {
    SharedHttpClient::new(Connector { http, lane })
}

impl SdkHttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { http, lane } = self.clone();
        HttpConnectorFuture::new(async move { carry(&http, lane, request).await })
    }
}

async fn carry(http: &HttpClient, lane: Lane, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    // The SDK marks each request with its operation in the query; only a GetObject streams.
    let streams = request.uri().contains("x-id=GetObject");
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // Every request of this program reads, so none has a body.
    let request = request.map(|_| Vec::new());
    let answer = http.send(request, lane).await.map_err(connector_error)?;
    let capped = !(streams && answer.status().is_success());
    let answer = answer.map(|body| SdkBody::from_body_1_x(if capped { body.capped(DOCUMENT_CAP) } else { body }));
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

fn connector_error(error: HttpError) -> ConnectorError {
    ConnectorError::io(Box::new(error))
}
