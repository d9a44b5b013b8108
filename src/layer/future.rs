//! The future of one request: wait for the inner service, judge, hold, answer.

use super::lookup::{ObserveOnly, OffRoute, WriteBackFound};
use super::page::PageExchange;
use super::request::Exchange;
use super::response::{AnswerBody, Plan, Verdict, answer, judge};
use crate::body::{DryRun, MaskBody, Pipeline};
use crate::codec::Codings;
use crate::reason::Reason;
use http::{Response, response};
use http_body::Body;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

pin_project! {
    /// The future of [`MaskService`](super::MaskService).
    pub struct MaskFuture<F, B> {
        route: Option<usize>,
        answered_at: Option<Instant>,
        write_back: Option<WriteBackFound>,
        #[pin]
        state: FutureState<F, B>,
    }
}

pin_project! {
    #[project = FutureStateProj]
    #[project_replace = FutureStateOwned]
    enum FutureState<F, B> {
        /// The inner service has not answered yet.
        Waiting { #[pin] inner: F, then: OnAnswer },
        /// On a masked route. The head of the answer came before it is known whether the answer may
        /// show a secret.
        Settling { settling: Box<Settling<B>> },
        /// On a masked route. The head of the answer waits for the start of the body.
        Holding { holding: Box<Holding<B>> },
        /// The answer was known at once. Boxed, because answers are large and these are rare.
        Answered { response: Box<Response<AnswerBody<B>>> },
        /// The future must not be polled again. If it is, it stays pending, as its contract allows.
        Done,
    }
}

/// What happens when the inner service answers.
pub(super) enum OnAnswer {
    /// On no route: the answer passes.
    Pass(OffRoute),
    /// On a page's route and no masked one: a page is rewritten.
    Page(PageExchange),
    /// On a route that only observes: the answer passes, and a copy is masked for the report.
    DryRun(ObserveOnly, Exchange),
    /// On an unknown route, where all routes only observe: the answer passes.
    Unreadable(ObserveOnly, Reason),
    /// On a masked route.
    Mask(Exchange),
}

impl OnAnswer {
    /// The masked value that was found in the request's body so far.
    fn write_back(&self, route: Option<usize>) -> Option<WriteBackFound> {
        let (exchange, is_refused) = match self {
            Self::DryRun(_, exchange) => (exchange, false),
            Self::Mask(exchange) => (exchange, true),
            Self::Pass(_) | Self::Page(_) | Self::Unreadable(..) => return None,
        };
        route.filter(|_| exchange.has_masked_value()).map(|route| WriteBackFound { route, is_refused })
    }
}

/// An answer to a request whose body has not gone upstream to its end.
struct Settling<B> {
    exchange: Exchange,
    response: Response<B>,
}

impl<B> Settling<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.exchange.poll_settled(self.response.status(), cx)
    }
}

/// An answer whose body may turn out to be no JSON while its head can still be changed.
struct Holding<B> {
    exchange: Exchange,
    head: response::Parts,
    plan: Plan,
    body: Box<MaskBody<B>>,
}

impl<B: Body + Unpin> Holding<B> {
    /// Resolves when the answer can be sent.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        self.body.poll_hold(cx, self.exchange.rule.hold_bytes)
    }

    fn answer(self, held: Result<(), Reason>) -> Response<AnswerBody<B>> {
        let Self { exchange, head, plan, body } = self;
        match held {
            Ok(()) => answer::masked(&exchange, head, &plan.codings.response, body.into_held()),
            Err(reason) => answer::withheld(&exchange, head, reason),
        }
    }
}

impl<F, B> MaskFuture<F, B> {
    pub(super) fn waiting(route: Option<usize>, inner: F, then: OnAnswer) -> Self {
        Self { route, answered_at: None, write_back: None, state: FutureState::Waiting { inner, then } }
    }

    pub(super) fn answered(response: Response<AnswerBody<B>>) -> Self {
        let state = FutureState::Answered { response: Box::new(response) };
        Self { route: None, answered_at: None, write_back: None, state }
    }

    /// The same future, of a request whose target holds a masked value.
    pub(super) fn with_write_back(self, write_back: Option<WriteBackFound>) -> Self {
        Self { write_back, ..self }
    }

    /// The position of the request's route in [`MaskLayer::routes`](super::MaskLayer::routes), if
    /// the request is on one.
    pub fn route(&self) -> Option<usize> {
        self.route
    }

    /// The masked value that was found in the request, if any was found before it was answered.
    pub fn write_back(&self) -> Option<WriteBackFound> {
        self.write_back
    }

    /// When the inner service answered. `None` before that, and for a request that did not reach
    /// it.
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }
}

impl<F, B, E> Future for MaskFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + Unpin,
{
    type Output = Result<Response<AnswerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.state.as_mut().project() {
            FutureStateProj::Waiting { inner, .. } => {
                let answer = ready!(inner.poll(cx));
                let FutureStateOwned::Waiting { then, .. } = this.state.as_mut().project_replace(FutureState::Done)
                else {
                    return Poll::Pending;
                };
                if let Some(found) = then.write_back(*this.route) {
                    *this.write_back = Some(found);
                    if found.is_refused {
                        return Poll::Ready(Ok(answer::refused_write_back()));
                    }
                }
                let response = answer?;
                *this.answered_at = Some(Instant::now());
                match then {
                    OnAnswer::Pass(proof) => Poll::Ready(Ok(answer::passed(proof, response))),
                    OnAnswer::Page(exchange) => Poll::Ready(Ok(exchange.answer(response))),
                    OnAnswer::DryRun(proof, exchange) => Poll::Ready(Ok(dry_run(proof, &exchange, response))),
                    OnAnswer::Unreadable(proof, reason) => Poll::Ready(Ok(answer::unreadable(proof, reason, response))),
                    OnAnswer::Mask(exchange) => settle(this.state, Settling { exchange, response }, cx).map(Ok),
                }
            }
            FutureStateProj::Settling { settling } => {
                ready!(settling.poll(cx));
                match this.state.as_mut().project_replace(FutureState::Done) {
                    FutureStateOwned::Settling { settling } if settling.exchange.has_masked_value() => {
                        *this.write_back = this.route.map(|route| WriteBackFound { route, is_refused: true });
                        Poll::Ready(Ok(answer::refused_write_back()))
                    }
                    FutureStateOwned::Settling { settling } => hold(this.state, *settling, cx).map(Ok),
                    _ => Poll::Pending,
                }
            }
            FutureStateProj::Holding { holding } => {
                let held = ready!(holding.poll(cx));
                match this.state.project_replace(FutureState::Done) {
                    FutureStateOwned::Holding { holding } => Poll::Ready(Ok(holding.answer(held))),
                    _ => Poll::Pending,
                }
            }
            FutureStateProj::Answered { .. } => match this.state.project_replace(FutureState::Done) {
                FutureStateOwned::Answered { response } => Poll::Ready(Ok(*response)),
                _ => Poll::Pending,
            },
            FutureStateProj::Done => Poll::Pending,
        }
    }
}

/// Waits until it is known whether the answer may show a secret, which mostly is at once.
fn settle<F, B: Body + Unpin>(
    mut state: Pin<&mut FutureState<F, B>>,
    mut settling: Settling<B>,
    cx: &mut Context<'_>,
) -> Poll<Response<AnswerBody<B>>> {
    if settling.poll(cx).is_pending() {
        state.set(FutureState::Settling { settling: Box::new(settling) });
        return Poll::Pending;
    }
    hold(state, settling, cx)
}

/// Judges the head of an answer, and holds the start of its body back.
fn hold<F, B: Body + Unpin>(
    mut state: Pin<&mut FutureState<F, B>>,
    Settling { exchange, response }: Settling<B>,
    cx: &mut Context<'_>,
) -> Poll<Response<AnswerBody<B>>> {
    let (head, body) = response.into_parts();
    let plan = match judge(&exchange, &head, body.is_end_stream()) {
        Verdict::Readable(plan) => plan,
        Verdict::Bodiless => return Poll::Ready(answer::bodiless(&exchange, head)),
        Verdict::Unreadable(reason) => return Poll::Ready(answer::withheld(&exchange, head, reason)),
    };
    let mut transform = exchange.transform(head.status, plan.not_json);
    if exchange.reveals(head.status) {
        transform = transform.pass_through_if_untouched(exchange.rule.hold_bytes.saturating_mul(2));
    }
    let limit = exchange.rule.max_body_bytes;
    let pipeline = match Pipeline::new(transform, &plan.codings.upstream, &plan.codings.response, limit) {
        Ok(pipeline) => pipeline,
        Err(reason) => return Poll::Ready(answer::withheld(&exchange, head, reason)),
    };
    let body = Box::new(MaskBody::new(body, pipeline));
    let mut holding = Holding { exchange, head, plan, body };
    // Most bodies arrive together with their head, and need no box for the wait.
    if let Poll::Ready(held) = holding.poll(cx) {
        return Poll::Ready(holding.answer(held));
    }
    state.set(FutureState::Holding { holding: Box::new(holding) });
    Poll::Pending
}

/// Passes an answer, and masks a copy of it for the report.
fn dry_run<B: Body + Unpin>(proof: ObserveOnly, exchange: &Exchange, response: Response<B>) -> Response<AnswerBody<B>> {
    let (head, body) = response.into_parts();
    let dry_run = match judge(exchange, &head, body.is_end_stream()) {
        Verdict::Bodiless => None,
        Verdict::Unreadable(reason) => Some(DryRun::withheld(reason)),
        Verdict::Readable(plan) => {
            let transform = exchange.transform(head.status, plan.not_json);
            // The output is discarded, so it is not encoded.
            let limit = exchange.rule.max_body_bytes;
            let pipeline = Pipeline::new(transform, &plan.codings.upstream, &Codings::default(), limit);
            Some(pipeline.map_or_else(DryRun::withheld, DryRun::new))
        }
    };
    answer::dry_run(proof, exchange, Response::from_parts(head, body), dry_run)
}
