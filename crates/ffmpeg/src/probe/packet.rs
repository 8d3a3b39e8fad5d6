//! One packet, as ffprobe prints it.

/// The entries that [`Packet::parse`] reads (`-show_entries`).
pub(super) const ENTRIES: &str = "packet=stream_index,pts,dts,duration,flags";

/// What is known of a packet without looking into it; times in ticks of its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Packet {
    pub stream: u32,
    pub pts: Option<i64>,
    pub dts: Option<i64>,
    pub duration: Option<i64>,
    /// Decoding can begin here.
    pub key: bool,
    /// Decoded but not shown: an edit list begins later.
    pub discard: bool,
}

impl Packet {
    /// Reads a line of `-of compact=print_section=0`; none when it is something else.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut packet = Self {
            stream: 0,
            pts: None,
            dts: None,
            duration: None,
            key: false,
            discard: false,
        };
        let mut of_a_stream = false;
        for field in line.split('|') {
            let Some((name, value)) = field.split_once('=') else {
                continue;
            };
            match name {
                "stream_index" => {
                    packet.stream = value.parse().ok()?;
                    of_a_stream = true;
                }
                // `N/A` is not a number, and that is what it should mean.
                "pts" => packet.pts = value.parse().ok(),
                "dts" => packet.dts = value.parse().ok(),
                "duration" => packet.duration = value.parse().ok().filter(|&ticks| ticks > 0),
                "flags" => {
                    packet.key = value.contains('K');
                    packet.discard = value.contains('D');
                }
                _ => {}
            }
        }
        of_a_stream.then_some(packet)
    }

    /// When it is shown; some containers (AVI) only know when it is decoded.
    pub(super) fn time(&self) -> Option<i64> {
        self.pts.or(self.dts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_lines_are_read() {
        let line = "stream_index=0|pts=-18944|dts=-19968|duration=512|flags=KD_";
        let packet = Packet::parse(line).unwrap();
        assert_eq!((packet.pts, packet.dts), (Some(-18944), Some(-19968)));
        assert_eq!(packet.duration, Some(512));
        assert!(packet.key && packet.discard);
        let line = "stream_index=1|pts=N/A|dts=40|duration=N/A|flags=___";
        let packet = Packet::parse(line).unwrap();
        assert_eq!((packet.stream, packet.time()), (1, Some(40)));
        assert!(!packet.key && !packet.discard && packet.duration.is_none());
        assert_eq!(Packet::parse(""), None);
        assert_eq!(Packet::parse("side_data_type=Skip Samples"), None);
    }
}
