//! last4 in the test's own process, in front of an origin.

use super::origin::Origin;
use super::{SECRET, log};
use http::Method;
use http::uri::Authority;
use last4::layer::{MaskLayer, MaskRule};
use last4::mask::{Reveal, Rules, Selectors};
use last4::metrics::Metrics;
use last4::page::PageRule;
use last4::proxy::{Listener, Settings, Snapshot, Transport, Upstream, serve};
use last4::route::{Pattern, Route, RouteSet};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Proxy {
    pub(crate) async fn before(origin: &Origin) -> Self {
        Self::with(settings(origin.address), MaskRule::new(rules())).await
    }

    pub(crate) async fn with(settings: Settings, rule: MaskRule) -> Self {
        Self::with_each(settings, |_| rule.clone()).await
    }

    /// With a rule for each route by its name.
    pub(crate) async fn with_each(settings: Settings, rule: impl Fn(&str) -> MaskRule) -> Self {
        Self::with_pages(settings, rule, no_pages()).await
    }

    /// The same, and with rules for pages.
    pub(crate) async fn with_pages(
        settings: Settings,
        rule: impl Fn(&str) -> MaskRule,
        pages: RouteSet<Arc<PageRule>>,
    ) -> Self {
        // Not `bind`, which may be given the port of another test's proxy.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut proxy = Self::listening(listener, settings, rule, pages).await;
        proxy.address = address;
        proxy
    }

    /// Starts a proxy on an existing listener.
    pub(crate) async fn at(listener: impl Into<Listener>, settings: Settings, rule: impl Fn(&str) -> MaskRule) -> Self {
        Self::listening(listener, settings, rule, no_pages()).await
    }

    async fn listening(
        listener: impl Into<Listener>,
        settings: Settings,
        rule: impl Fn(&str) -> MaskRule,
        pages: RouteSet<Arc<PageRule>>,
    ) -> Self {
        let listener = listener.into();
        log::start();
        let patterns = [
            ("app-keys", "/console/api/apps/{app_id}/api-keys"),
            ("workspace-dataset-keys", "/console/api/datasets/api-keys"),
            ("dataset-keys", "/console/api/datasets/{dataset_id}/api-keys"),
        ];
        let routes = patterns.map(|(name, template)| Route {
            name: name.to_owned(),
            pattern: Pattern::template(template).unwrap(),
            rule: rule(name).with_reveal([Method::POST], Reveal::TopLevel),
        });
        let layer = MaskLayer::new(RouteSet::compile(routes.into()).unwrap()).with_pages(pages);
        let (stop, stopped) = oneshot::channel::<()>();
        let metrics = Arc::<Metrics>::default();
        let counting = Arc::clone(&metrics);
        let task = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            serve(listener, Snapshot::new(settings, layer), &counting, stop).await
        });
        // Nobody's, unless it listens on a port.
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { address, metrics, stop: Some(stop), task }
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.begin_stop();
        (&mut self.task).await.unwrap().unwrap();
    }

    pub(crate) fn begin_stop(&mut self) {
        self.stop.take();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            log::assert_silent(SECRET);
        }
    }
}

fn no_pages() -> RouteSet<Arc<PageRule>> {
    RouteSet::compile(Vec::new()).unwrap()
}

pub(crate) fn settings(origin: SocketAddr) -> Settings {
    let authority: Authority = origin.to_string().parse().unwrap();
    Settings {
        upstream: Upstream::new(Transport::Tcp, authority),
        tls: None,
        forwarded: Default::default(),
        limits: Default::default(),
        allowed_rerouting_headers: Vec::new(),
        log_paths: false,
    }
}

pub(crate) fn rules() -> Rules {
    Rules::new(Selectors::compile(["token"], false).unwrap())
}
