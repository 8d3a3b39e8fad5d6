//! Packets folded into facts, one at a time.
//!
//! The list of keyframes is the only thing that grows with the film.

use std::collections::BTreeMap;

use domain::source::Keyframe;

use super::packet::Packet;
use super::rate::{REORDER, RateMeter};

/// All packets of the streams that matter.
#[derive(Default, Debug)]
pub(super) struct Fold {
    /// The main picture.
    pub picture: Option<PictureFold>,
    /// The sound tracks by stream index.
    pub sound: BTreeMap<u32, SoundFold>,
}

impl Fold {
    /// For the picture in stream `picture` and the sound in the streams `sound`. `jump` is the
    /// distance in ticks of the picture that tells a seek from a slow frame; none where the
    /// packets are read in one go.
    pub(super) fn new(picture: Option<u32>, sound: &[u32], jump: Option<i64>) -> Self {
        Self {
            picture: picture.map(|index| PictureFold::new(index, jump)),
            sound: sound
                .iter()
                .map(|&index| (index, SoundFold::default()))
                .collect(),
        }
    }

    pub(super) fn push(&mut self, packet: &Packet) {
        if let Some(picture) = self.picture.as_mut()
            && picture.index == packet.stream
        {
            picture.push(packet);
        } else if let Some(sound) = self.sound.get_mut(&packet.stream) {
            sound.push(packet);
        }
    }
}

/// The frames of the picture.
#[derive(Debug)]
pub(super) struct PictureFold {
    index: u32,
    jump: Option<i64>,
    /// Every frame that is shown.
    all: Frames,
    /// Only what can be decoded: from the first keyframe on, without the frames shown before it.
    decodable: Frames,
    first_key: Option<i64>,
    last_dts: Option<i64>,
    reached: Option<i64>,
    /// Decodable frames before the first jump.
    head: usize,
    jumped: bool,
    /// Every keyframe, also those not shown.
    pub keyframes: Vec<Keyframe>,
}

/// Frames that are shown.
#[derive(Default, Debug)]
pub(super) struct Frames {
    /// Time of the first one.
    pub first: Option<i64>,
    /// Time of the last one and how long the container says it lasts.
    pub last: Option<(i64, Option<i64>)>,
    /// Their rate.
    pub meter: RateMeter,
}

impl Frames {
    fn push(&mut self, time: i64, duration: Option<i64>) {
        if self.first.is_none_or(|first| time < first) {
            self.first = Some(time);
        }
        if self.last.is_none_or(|(last, _)| time > last) {
            self.last = Some((time, duration));
        }
        self.meter.push(time);
    }
}

impl PictureFold {
    fn new(index: u32, jump: Option<i64>) -> Self {
        Self {
            index,
            jump,
            all: Frames::default(),
            decodable: Frames::default(),
            first_key: None,
            last_dts: None,
            reached: None,
            head: 0,
            jumped: false,
            keyframes: Vec::new(),
        }
    }

    fn push(&mut self, packet: &Packet) {
        let Some(time) = packet.time() else { return };
        let dts = packet.dts.unwrap_or(time);
        if let (Some(jump), Some(last)) = (self.jump, self.last_dts)
            && (dts - last).abs() > jump
        {
            self.all.meter.jump();
            self.decodable.meter.jump();
            self.jumped = true;
        }
        self.last_dts = Some(dts);
        self.reached = self.reached.max(Some(dts));
        if packet.key {
            self.first_key = self.first_key.or(Some(time));
            self.keyframes.push(Keyframe { pts: time, dts });
        }
        if packet.discard {
            return;
        }
        self.all.push(time, packet.duration);
        if self.first_key.is_some_and(|key| time >= key) {
            self.decodable.push(time, packet.duration);
            if !self.jumped {
                self.head += 1;
            }
        }
    }

    /// Whether the beginning was read far enough: no frame that is still to come can be shown
    /// before the first one seen.
    pub(super) fn began(&self) -> bool {
        self.head >= REORDER
    }

    /// The latest decoding time seen, in ticks.
    pub(super) fn reached(&self) -> Option<i64> {
        self.reached
    }

    /// The frames to be encoded, and the keyframes. A stream without any keyframe (intra refresh)
    /// is taken from its first packet on.
    pub(super) fn finish(self) -> (Frames, Vec<Keyframe>) {
        let frames = if self.decodable.first.is_some() {
            self.decodable
        } else {
            self.all
        };
        (frames, self.keyframes)
    }
}

/// The extent of a sound track, in ticks.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct SoundFold {
    /// Time of the first packet that is heard.
    pub first: Option<i64>,
    /// Time at which the last packet ends.
    pub end: Option<i64>,
}

impl SoundFold {
    fn push(&mut self, packet: &Packet) {
        let Some(time) = packet.time() else { return };
        if packet.discard {
            return;
        }
        if self.first.is_none_or(|first| time < first) {
            self.first = Some(time);
        }
        let end = time.saturating_add(packet.duration.unwrap_or_default());
        if self.end.is_none_or(|last| end > last) {
            self.end = Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(lines: &[&str]) -> (Frames, Vec<Keyframe>) {
        let mut fold = Fold::new(Some(0), &[1], None);
        for line in lines {
            fold.push(&Packet::parse(line).unwrap());
        }
        fold.picture.unwrap().finish()
    }

    #[test]
    fn an_edit_list_hides_packets_but_not_their_keyframe() {
        let (frames, keys) = fold(&[
            "stream_index=0|pts=-512|dts=-1024|duration=512|flags=KD_",
            "stream_index=0|pts=1024|dts=-512|duration=512|flags=___",
            "stream_index=0|pts=0|dts=0|duration=512|flags=___",
            "stream_index=0|pts=512|dts=512|duration=512|flags=___",
            "stream_index=0|pts=1536|dts=1024|duration=512|flags=_D_",
        ]);
        assert_eq!(frames.first, Some(0));
        assert_eq!(frames.last, Some((1024, Some(512))));
        assert_eq!(
            keys,
            [Keyframe {
                pts: -512,
                dts: -1024
            }]
        );
    }

    #[test]
    fn what_comes_before_the_first_keyframe_cannot_be_decoded() {
        let (frames, keys) = fold(&[
            "stream_index=0|pts=100|dts=100|duration=40|flags=___",
            "stream_index=0|pts=220|dts=140|duration=40|flags=K__",
            "stream_index=0|pts=180|dts=180|duration=40|flags=___",
            "stream_index=0|pts=260|dts=220|duration=40|flags=___",
        ]);
        assert_eq!(frames.first, Some(220));
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn a_stream_without_keyframes_is_taken_as_it_is() {
        let (frames, keys) = fold(&["stream_index=0|pts=100|dts=100|duration=N/A|flags=___"]);
        assert_eq!(frames.last, Some((100, None)));
        assert!(keys.is_empty());
    }

    #[test]
    fn sound_ends_with_its_packets() {
        let mut fold = Fold::new(None, &[1], None);
        for line in [
            "stream_index=1|pts=-1024|dts=-1024|duration=1024|flags=KD_",
            "stream_index=1|pts=0|dts=0|duration=1024|flags=K__",
            "stream_index=1|pts=1024|dts=1024|duration=100|flags=K__",
            "stream_index=2|pts=9000|dts=9000|duration=100|flags=K__",
        ] {
            fold.push(&Packet::parse(line).unwrap());
        }
        let sound = fold.sound[&1];
        assert_eq!((sound.first, sound.end), (Some(0), Some(1124)));
    }
}
