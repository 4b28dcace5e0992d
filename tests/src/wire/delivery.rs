//! The storefront's deliveries: each event again and again, until it is taken.

use std::{sync::Arc, time::Duration};

use ports::Clock;

use super::{mutation::Mutation, plan::Call, stage::Stage};
use crate::{Answer, simulation::Fault};

/// The storefront's pause before it delivers again.
const AGAIN: Duration = Duration::from_secs(2);

/// Delivers an event until it is answered 200, to one replica after another.
pub(super) async fn deliver(stage: Arc<Stage>, event: usize, replica: usize, first_call: Call) {
    let mut first = Some(first_call);
    for replica in replica.. {
        let call = first.take().unwrap_or(Call::Patient);
        let answer = attempt(&stage, event, replica, call).await;
        let taken = match answer.map(|it| it.status) {
            Some(200) => true,
            Some(500) => stage.mutation == Some(Mutation::TakesRefusals),
            Some(status) => {
                stage.violated(format!("event {event} was answered {status}"));
                return;
            }
            None => false,
        };
        if taken || stage.is_violated() {
            return;
        }
        stage.world.clock.sleep(AGAIN).await;
    }
}

/// One call of the webhook; nothing where there is no answer.
pub(super) async fn attempt(
    stage: &Stage,
    event: usize,
    replica: usize,
    call: Call,
) -> Option<Answer> {
    let address = stage.address(replica)?;
    let calling = stage.calling();
    let body = stage.plan.body(event);
    let answered = crate::post(&stage.world.http, address, &body);
    let cut = async {
        match call {
            Call::Patient => std::future::pending().await,
            Call::CutAfter(wait) => stage.world.clock.sleep(wait).await,
        }
    };
    let answer = tokio::select! {
        answer = answered => answer.ok(),
        () = cut => {
            stage.struck(Fault::ConnectionCut, 1);
            None
        }
    };
    drop(calling);
    match &answer {
        Some(it) => {
            let reason = it.reason.as_deref().unwrap_or_default();
            stage.tell(format_args!("event {event}: {} {} {reason}", it.status, it.outcome));
            if it.status == 200 {
                stage.taken.send_modify(|taken| *taken += 1);
            }
        }
        None => stage.tell(format_args!("event {event}: no answer")),
    }
    answer
}
