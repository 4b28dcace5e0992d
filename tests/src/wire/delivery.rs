//! The storefront's deliveries: each event again and again, until it is taken.

use std::{sync::Arc, time::Duration};

use ports::Clock;

use super::{context::WireContext, mutation::Mutation, plan::Call};
use crate::{Answer, simulation::SimulatedFault};

/// The storefront's pause before it delivers again.
const AGAIN: Duration = Duration::from_secs(2);

/// Delivers an event until it is answered 200, to one replica after another.
pub(super) async fn deliver(
    context: Arc<WireContext>,
    event: usize,
    replica: usize,
    first_call: Call,
) {
    let mut first = Some(first_call);
    for replica in replica.. {
        let call = first.take().unwrap_or(Call::Patient);
        let answer = attempt(&context, event, replica, call).await;
        let taken = match answer.map(|it| it.status) {
            Some(200) => true,
            Some(500) => context.mutation == Some(Mutation::TakesRefusals),
            Some(status) => {
                context.violated(format!("event {event} was answered {status}"));
                return;
            }
            None => false,
        };
        if taken || context.is_violated() {
            return;
        }
        context.world.clock.sleep(AGAIN).await;
    }
}

/// One call of the webhook; nothing where there is no answer.
pub(super) async fn attempt(
    context: &WireContext,
    event: usize,
    replica: usize,
    call: Call,
) -> Option<Answer> {
    let address = context.address(replica)?;
    let calling = context.calling();
    let body = context.plan.body(event);
    let answered = crate::post(&context.world.http, address, &body);
    let cut = async {
        match call {
            Call::Patient => std::future::pending().await,
            Call::CutAfter(wait) => context.world.clock.sleep(wait).await,
        }
    };
    let answer = tokio::select! {
        answer = answered => answer.ok(),
        () = cut => {
            context.struck(SimulatedFault::ConnectionCut, 1);
            None
        }
    };
    drop(calling);
    match &answer {
        Some(it) => {
            let reason = it.reason.as_deref().unwrap_or_default();
            context.tell(format_args!("event {event}: {} {} {reason}", it.status, it.outcome));
            if it.status == 200 {
                context.taken.send_modify(|taken| *taken += 1);
            }
        }
        None => context.tell(format_args!("event {event}: no answer")),
    }
    answer
}
