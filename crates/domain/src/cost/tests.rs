use proptest::prelude::*;

use super::*;

/// The default ladder of a 1080p source.
fn work(frames: u64) -> EncodeWork<'static> {
    EncodeWork {
        frames,
        source_pixels: 1920 * 1080,
        rung_pixels: 1920 * 1080 + 1280 * 720 + 854 * 480 + 426 * 240,
        largest_rung: 1920 * 1080,
        codec: VideoCodec::H264,
        preset: "veryfast",
    }
}

fn with_batch(memory: u32) -> Capacity {
    Capacity {
        batch: true,
        function_memory: memory,
        ..Capacity::FUNCTIONS
    }
}

#[test]
fn the_model_meets_what_was_measured() {
    // docs/figures.md: 30 s of 1080p at 25 frames per second took 90.2 CPU seconds.
    let predicted = work(750).cpu().as_millis();
    assert!((90_200..95_000).contains(&predicted), "{predicted}");
}

#[test]
fn the_default_chunk_is_no_heavy_one() {
    assert_eq!(with_batch(10_240).worker(&work(600)), Worker::Function);
    assert_eq!(with_batch(1769).worker(&work(600)), Worker::Function);
}

#[test]
fn large_slow_or_unknown_work_is_heavy_where_there_is_batch() {
    let sharp = EncodeWork {
        source_pixels: 3840 * 2160,
        rung_pixels: 4 * work(1).rung_pixels,
        frames: 60 * 24,
        preset: "slow",
        ..work(0)
    };
    let hevc = EncodeWork {
        codec: VideoCodec::Hevc,
        ..sharp
    };
    let unknown = EncodeWork {
        preset: "placebo",
        ..sharp
    };
    for heavy in [sharp, hevc, unknown] {
        assert_eq!(with_batch(10_240).worker(&heavy), Worker::Batch);
        assert_eq!(Capacity::FUNCTIONS.worker(&heavy), Worker::Function);
    }
}

#[test]
fn vcpus_that_no_thread_uses_do_not_help() {
    let ladder = work(6000);
    assert_eq!(ladder.parallelism(), 2036);
    let alone = EncodeWork {
        rung_pixels: ladder.largest_rung,
        ..ladder
    };
    assert_eq!(alone.parallelism(), 1344);
    // Less work, and yet it takes as long.
    assert!(alone.cpu() < ladder.cpu());
    for work in [ladder, alone] {
        let time = work.cpu().as_millis() * 1000 / u128::from(work.parallelism());
        assert!((360_000..362_000).contains(&time), "{time}");
        assert_eq!(with_batch(10_240).worker(&work), Worker::Function);
        assert_eq!(with_batch(1769).worker(&work), Worker::Batch);
    }
}

#[test]
fn no_measured_preset_is_above_the_unmeasured() {
    assert!(
        ENCODE
            .iter()
            .all(|&(_, _, cost)| 0 < cost && cost < UNMEASURED)
    );
}

prop_compose! {
    fn any_work()(
        frames in 0..10_000_000_u64,
        source_pixels in 0..1_u64 << 28,
        rung_pixels in 0..1_u64 << 30,
        largest_rung in 0..1_u64 << 30,
        (codec, preset, _) in proptest::sample::select(ENCODE.to_vec()),
    ) -> EncodeWork<'static> {
        EncodeWork { frames, source_pixels, rung_pixels: rung_pixels.max(largest_rung), largest_rung, codec, preset }
    }
}

proptest! {
    #[test]
    fn more_frames_or_pixels_never_cost_less(
        small in any_work(),
        frames in 0..10_000_000_u64,
        source in 0..1_u64 << 28,
        rungs in 0..1_u64 << 30,
    ) {
        let large = EncodeWork {
            frames: small.frames + frames,
            source_pixels: small.source_pixels + source,
            rung_pixels: small.rung_pixels + rungs,
            ..small
        };
        prop_assert!(large.cpu() >= small.cpu());
        let capacity = with_batch(10_240);
        if capacity.worker(&small) == Worker::Batch {
            prop_assert_eq!(capacity.worker(&large), Worker::Batch);
        }
    }

    #[test]
    fn more_memory_never_makes_work_heavy(work in any_work(), memory in 128..10_240_u32) {
        if with_batch(memory).worker(&work) == Worker::Function {
            prop_assert_eq!(with_batch(10_240).worker(&work), Worker::Function);
        }
    }
}
