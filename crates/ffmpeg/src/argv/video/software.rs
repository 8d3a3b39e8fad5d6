//! x264 on the CPU.

use domain::ladder::VideoRung;
use domain::plan::Plan;

use super::{Args, bounded};

/// The encoder's own options for one rung.
pub(super) fn encode(args: &mut Args, plan: &Plan, rung: &VideoRung) {
    let profile = &plan.profile.video;
    let gop = plan.timeline.gop_frames.to_string();
    args.set("-c:v", "libx264").set("-preset", &profile.preset);
    // 8 bit 4:2:0 with B-frames and CABAC, decoded by every player that plays H.264 at all.
    args.set("-profile:v", "high");
    // One CRF for all chunks of a rung: it is written into the init segment.
    args.set("-crf", profile.crf.to_string());
    bounded(args, rung);
    // An IDR at every GOP boundary and nowhere else, so that all rungs switch at the same frames.
    args.set("-g", &gop).set("-keyint_min", &gop);
    args.set("-sc_threshold", "0");
    args.set("-bf", "3");
    // With more threads, in frames or in slices, the bound of the bitrate makes each run another:
    // a row's budget goes by how far the other threads happen to be. The rungs run side by side.
    args.set("-threads", "1");
    // cpu-independent: the same bytes on every CPU. Closed GOPs: a segment decodes by itself.
    args.set("-x264-params", "cpu-independent=1:open-gop=0");
}
