use super::*;
use crate::plan::tests::plan_of;

#[test]
fn an_hour_of_1080p_is_encoded_in_parallel_for_some_cents() {
    let plan = plan_of(3600, true);
    let estimate = Estimate::of(&plan, &[], &DEFAULT_CAPACITY);
    assert_eq!((estimate.video_chunks, estimate.audio_chunks), (150, 1));
    assert_eq!(estimate.worker, Worker::Function);
    // docs/figures.md: 91.2 CPU seconds for 30 s of film.
    assert!(
        (10_944_000..11_500_000).contains(&estimate.cpu_ms),
        "{estimate:?}"
    );
    assert!(estimate.elapsed_ms < 150_000, "{estimate:?}");
    assert!(
        (200_000..500_000).contains(&estimate.cost.total),
        "{estimate:?}"
    );
    let Cost {
        functions,
        batch,
        steps,
        requests,
        total,
    } = estimate.cost;
    assert_eq!(functions + batch + steps + requests, total);
    assert_eq!(batch, 0);
}

#[test]
fn heavy_work_is_paid_to_batch() {
    let mut plan = plan_of(60, false);
    plan.profile.video.preset = "placebo".to_owned();
    let heavy = Estimate::of(&plan, &[], &DEFAULT_CAPACITY);
    assert_eq!(heavy.worker, Worker::Batch);
    assert!(heavy.cost.batch > heavy.cost.functions, "{heavy:?}");
    let light = Estimate::of(&plan, &[], &Capacity::FUNCTIONS);
    assert_eq!((light.worker, light.cost.batch), (Worker::Function, 0));
}

#[test]
fn a_longer_film_costs_more_and_hardly_takes_longer() {
    let of = |seconds| Estimate::of(&plan_of(seconds, false), &[], &DEFAULT_CAPACITY);
    let (short, long) = (of(600), of(6000));
    assert!(long.cost.total > 5 * short.cost.total);
    assert_eq!(long.elapsed_ms, short.elapsed_ms);
    assert_eq!(long.largest_bytes, 10 * short.largest_bytes);
}
