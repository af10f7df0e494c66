//! Any bytes as frames, and whatever a page may then ask. Input: a mode, how many steps, the steps (four bytes each), the frames.
//!
//! An even mode reads the frames as they are, an odd one makes snapshots up, whose bytes are then read: most bytes are no frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upcue_engine::expr::Lookup;
use upcue_engine::ledger::Moment;
use upcue_engine::session::Session;
use upcue_engine::snapshot::{Frame, Snapshot};
use upcue_engine::time::Millis;
use upcue_engine::usage::NoteKind;
use upcue_engine::wire::made::made;

/// Moments as the SDK hands them in: it has none beyond what JavaScript's numbers hold exactly.
const MOMENTS: [i64; 6] = [0, 1_750_242_600_000, 1_750_329_000_000, -1, (1 << 53) - 1, -(1 << 53) + 1];

fn frame(mode: u8, bytes: &[u8]) -> Option<Frame> {
    if mode % 2 == 0 {
        return Frame::decode(bytes).ok();
    }
    let Snapshot { rules, live } = made(bytes)?;
    let frame = Frame { rules: (mode & 2 == 0).then_some(rules), live };
    let read = Frame::decode(&frame.encode("{}")).expect("our own frame is readable");
    assert_eq!(read, frame, "a frame arrives as it was sent");
    Some(read)
}

/// All that can be asked at a moment.
fn ask(session: &mut Session, device: Millis) {
    let rules = session.rules().clone();
    for place in 0..=rules.places.len() {
        let decision = session.decide(place, device);
        assert!(decision.campaign.is_none_or(|i| i < rules.candidates.len()), "{decision:?}");
        let trace = (0..).map_while(|i| session.trace(place, i, device)).count();
        assert!(trace <= rules.candidates.len(), "{trace}");
    }
    for meter in 0..=rules.meters.len() {
        let _ = session.meter(meter, device);
    }
    let facts = session.facts(device);
    for value in &rules.values {
        let _ = facts.input(*value);
    }
    let _ = session.feature(0);
}

fn act(session: &mut Session, [what, which, n, when]: [u8; 4]) {
    let device = Millis(MOMENTS[usize::from(when) % MOMENTS.len()]);
    let count = if n > 250 { (1 << 53) - 1 } else { u64::from(n) };
    let which = usize::from(which);
    let candidates = &session.rules().candidates;
    let campaign = candidates.get(which % candidates.len().max(1)).map_or(7, |candidate| candidate.gates.key);
    match what % 9 {
        0 => session.add(which, count, device),
        1 => session.set(which, count, device),
        2 => session.track(which, device),
        3 => {
            let kinds = [NoteKind::Render, NoteKind::Ghost, NoteKind::Click, NoteKind::Dismiss, NoteKind::Snooze(device)];
            session.note(campaign, kinds[usize::from(n) % kinds.len()], Moment { at: device, tag: n.into() });
        }
        4 => session.display(which, n % 2 == 0),
        5 => drop(session.close_batch()),
        6 => session.abandon(count),
        7 => session.convert(device),
        _ => ask(session, device),
    }
}

fuzz_target!(|data: &[u8]| {
    let [mode, steps, rest @ ..] = data else { return };
    let Some((script, frames)) = rest.split_at_checked(usize::from(steps % 16) * 4) else { return };
    let (one, other) = frames.split_at(frames.len() / usize::from(mode / 64 + 1));
    let Some(Frame { rules: Some(rules), live }) = frame(*mode & !2, one) else { return };
    let mut session = Session::new(Snapshot { rules, live }, Millis(MOMENTS[1]));
    let mut steps = script.chunks_exact(4).filter_map(|step| <[u8; 4]>::try_from(step).ok());
    for step in steps.by_ref().take(script.len() / 8) {
        act(&mut session, step);
    }
    if let Some(frame) = frame(*mode, other) {
        session.apply(&frame.encode("{}"), Millis(MOMENTS[2])).expect("our own frame is readable");
    }
    steps.for_each(|step| act(&mut session, step));
    ask(&mut session, Millis(MOMENTS[2]));
});
