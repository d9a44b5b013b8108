//! The way of one request: wait for the inner service, judge, hold, answer.

use super::answer::{self, AnswerBody};
use super::exchange::Exchange;
use super::lookup::{ObserveOnly, OffRoute};
use super::page::PageExchange;
use super::verdict::{Plan, Verdict, judge};
use crate::body::{MaskBody, Pipeline, Watch};
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
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        /// On no masked route.
        Passing { proof: Option<OffRoute>, #[pin] inner: F },
        /// On a page's route, before the head of the answer.
        Page { exchange: Option<PageExchange>, #[pin] inner: F },
        /// On a route that only observes, before the head of the answer.
        Observing { watching: Option<(ObserveOnly, Exchange)>, #[pin] inner: F },
        /// On a route that nobody can name, where all only observe.
        Unreadable { proof: Option<(ObserveOnly, Reason)>, #[pin] inner: F },
        /// On a masked route, before the head of the answer.
        Waiting { exchange: Option<Exchange>, #[pin] inner: F },
        /// The head is here, and it is not known yet whether it may show a secret.
        Settling { settling: Option<Box<Settling<B>>> },
        /// The head is here; the beginning of the body is held back.
        Holding { holding: Option<Box<Holding<B>>> },
        /// The answer was known at once. In a box, for it is large and such requests are few.
        Answered { response: Option<Box<Response<AnswerBody<B>>>> },
    }
}

/// An answer to a request whose body is still on its way.
struct Settling<B> {
    exchange: Exchange,
    response: Response<B>,
}

impl<B> Settling<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.exchange.poll_settled(self.response.status(), cx)
    }
}

struct Holding<B> {
    exchange: Exchange,
    head: response::Parts,
    plan: Plan,
    body: Box<MaskBody<B>>,
}

impl<B: Body + Unpin> Holding<B> {
    /// Resolves once the answer may begin, with whether it may.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        self.body.poll_hold(cx, self.exchange.rule.hold_bytes)
    }

    fn answer(self, held: Result<(), Reason>) -> Response<AnswerBody<B>> {
        let Self { exchange, head, plan, body } = self;
        match held {
            Ok(()) => answer::masked(&exchange, head, &plan, body.into_head()),
            Err(reason) => answer::withheld(&exchange, head, reason),
        }
    }
}

impl<F, B> MaskFuture<F, B> {
    pub(super) fn passing(proof: OffRoute, inner: F) -> Self {
        Self::new(None, State::Passing { proof: Some(proof), inner })
    }

    pub(super) fn page(exchange: PageExchange, inner: F) -> Self {
        Self::new(None, State::Page { exchange: Some(exchange), inner })
    }

    pub(super) fn masking(route: usize, exchange: Exchange, inner: F) -> Self {
        Self::new(Some(route), State::Waiting { exchange: Some(exchange), inner })
    }

    pub(super) fn observing(route: usize, proof: ObserveOnly, exchange: Exchange, inner: F) -> Self {
        Self::new(Some(route), State::Observing { watching: Some((proof, exchange)), inner })
    }

    pub(super) fn unreadable(proof: ObserveOnly, reason: Reason, inner: F) -> Self {
        Self::new(None, State::Unreadable { proof: Some((proof, reason)), inner })
    }

    pub(super) fn answered(response: Response<AnswerBody<B>>) -> Self {
        Self::new(None, State::Answered { response: Some(Box::new(response)) })
    }

    /// Which of [`MaskLayer::routes`](super::MaskLayer::routes) the request is on, if any.
    pub fn route(&self) -> Option<usize> {
        self.route
    }

    /// When the head of the inner service's answer was there. `None` before that, and for a request that did not reach it.
    pub fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    fn new(route: Option<usize>, state: State<F, B>) -> Self {
        Self { route, answered_at: None, state }
    }
}

impl<F, B, E> Future for MaskFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + Unpin,
{
    type Output = Result<Response<AnswerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut state = this.state;
        match state.as_mut().project() {
            StateProj::Passing { proof, inner } => {
                let response = ready!(inner.poll(cx))?;
                *this.answered_at = Some(Instant::now());
                let Some(proof) = proof.take() else { return Poll::Pending };
                Poll::Ready(Ok(answer::passed(proof, response)))
            }
            StateProj::Page { exchange, inner } => {
                let response = ready!(inner.poll(cx))?;
                *this.answered_at = Some(Instant::now());
                let Some(exchange) = exchange.take() else { return Poll::Pending };
                Poll::Ready(Ok(exchange.answer(response)))
            }
            StateProj::Observing { watching, inner } => {
                let response = ready!(inner.poll(cx))?;
                *this.answered_at = Some(Instant::now());
                let Some((proof, exchange)) = watching.take() else { return Poll::Pending };
                Poll::Ready(Ok(observe(proof, &exchange, response)))
            }
            StateProj::Unreadable { proof, inner } => {
                let response = ready!(inner.poll(cx))?;
                *this.answered_at = Some(Instant::now());
                let Some((proof, reason)) = proof.take() else { return Poll::Pending };
                Poll::Ready(Ok(answer::unreadable(proof, reason, response)))
            }
            StateProj::Waiting { exchange, inner } => {
                let response = ready!(inner.poll(cx))?;
                *this.answered_at = Some(Instant::now());
                let Some(exchange) = exchange.take() else { return Poll::Pending };
                let mut settling = Settling { exchange, response };
                if settling.poll(cx).is_pending() {
                    state.set(State::Settling { settling: Some(Box::new(settling)) });
                    return Poll::Pending;
                }
                hold(state, settling, cx).map(Ok)
            }
            StateProj::Settling { settling } => {
                let Some(waiting) = settling else { return Poll::Pending };
                ready!(waiting.poll(cx));
                let Some(waited) = settling.take() else { return Poll::Pending };
                hold(state, *waited, cx).map(Ok)
            }
            StateProj::Holding { holding } => {
                let Some(waiting) = holding else { return Poll::Pending };
                let held = ready!(waiting.poll(cx));
                let Some(waited) = holding.take() else { return Poll::Pending };
                Poll::Ready(Ok(waited.answer(held)))
            }
            // A future that is polled after it is done stays pending: the `Future` contract leaves it open.
            StateProj::Answered { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(*response)),
                None => Poll::Pending,
            },
        }
    }
}

/// Begins an answer, and holds its body back as long as it takes.
fn hold<F, B: Body + Unpin>(
    mut state: Pin<&mut State<F, B>>,
    Settling { exchange, response }: Settling<B>,
    cx: &mut Context<'_>,
) -> Poll<Response<AnswerBody<B>>> {
    let mut holding = match begin(exchange, response) {
        Begun::Answered(response) => return Poll::Ready(response),
        Begun::Holding(holding) => holding,
    };
    // Most bodies come with their head.
    if let Poll::Ready(held) = holding.poll(cx) {
        return Poll::Ready(holding.answer(held));
    }
    state.set(State::Holding { holding: Some(Box::new(holding)) });
    Poll::Pending
}

/// Lets an answer pass, with a watch on what would be masked.
fn observe<B: Body + Unpin>(proof: ObserveOnly, exchange: &Exchange, response: Response<B>) -> Response<AnswerBody<B>> {
    let (head, body) = response.into_parts();
    let watch = match judge(exchange, &head, body.is_end_stream()) {
        Verdict::Bodiless => None,
        Verdict::Withhold(reason) => Some(Watch::refused(reason)),
        Verdict::Mask(plan) => {
            let (program, limit) = (exchange.program(head.status), exchange.rule.max_body_bytes);
            // Nobody gets what comes out, so it is not coded again.
            let pipeline = Pipeline::new(program, &plan.codings, &Codings::default(), limit, plan.not_json);
            Some(pipeline.map_or_else(Watch::refused, Watch::new))
        }
    };
    answer::observed(proof, exchange, Response::from_parts(head, body), watch)
}

/// What the head of an answer led to.
enum Begun<B> {
    /// All of the answer.
    Answered(Response<AnswerBody<B>>),
    /// A body that may be masked, of which nothing was read yet.
    Holding(Holding<B>),
}

/// From the head of an answer to what comes next.
fn begin<B: Body + Unpin>(exchange: Exchange, response: Response<B>) -> Begun<B> {
    let (head, body) = response.into_parts();
    match judge(&exchange, &head, body.is_end_stream()) {
        Verdict::Bodiless => Begun::Answered(answer::bodiless(&exchange, head)),
        Verdict::Withhold(reason) => Begun::Answered(answer::withheld(&exchange, head, reason)),
        Verdict::Mask(plan) => {
            let (program, limit) = (exchange.program(head.status), exchange.rule.max_body_bytes);
            match Pipeline::new(program, &plan.codings, &plan.give_back, limit, plan.not_json) {
                Ok(pipeline) => {
                    let mut body = Box::new(MaskBody::new(body, pipeline));
                    if exchange.reveals(head.status) {
                        body.keep_original(exchange.rule.hold_bytes.saturating_mul(2));
                    }
                    Begun::Holding(Holding { exchange, head, plan, body })
                }
                Err(reason) => Begun::Answered(answer::withheld(&exchange, head, reason)),
            }
        }
    }
}
