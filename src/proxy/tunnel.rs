//! A connection that has switched protocols: bytes both ways until either side is done.

use super::connection::Stopped;
use crate::excerpt::Excerpt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

/// Joins the two sides once both have switched. Until it ends, the client's connection counts as open: a proxy that was told to
/// stop waits for it.
pub(super) fn spawn(client: OnUpgrade, upstream: OnUpgrade, open: Option<Stopped>) {
    tokio::spawn(async move {
        let _open = open;
        match tokio::try_join!(client, upstream) {
            Ok((client, upstream)) => {
                let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
                if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
                    tracing::debug!(error = %Excerpt(&error), "tunnel ended");
                }
            }
            Err(error) => tracing::debug!(error = %Excerpt(&error), "a side did not switch protocols"),
        }
    });
}
