//! Any bytes: the reader neither panics nor hangs, and what it accepts it prints so that it reads
//! the same again. Seed it with `tests/corpus`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plan::{Known, Plan, check, check_bytes, outline, print};

fn without_lines(mut plan: Plan) -> Plan {
    for step in plan.steps.iter_mut().chain(&mut plan.finally) {
        step.line = 0;
    }
    plan
}

fuzz_target!(|bytes: &[u8]| {
    let checked = check_bytes(bytes, &Known::default());
    assert!(checked.plan.is_some() || !checked.diagnostics.is_empty());
    if let Some(plan) = checked.plan {
        let _ = outline(&plan);
        let printed = print(&plan);
        // Printing may make a text longer than a plan may be.
        if printed.len() < plan::MAX_TEXT {
            let again = check(&printed, &Known::default());
            assert_eq!(again.plan.map(without_lines), Some(without_lines(plan)), "{printed}");
        }
    }
});
