"""What each repair of the reader does, by the rule that a repair names."""

from collections.abc import Mapping

from atmpxb.notes import template

RULES: Mapping[str, str] = {
    "stext.outside": template("The supplemental TEXT lies beyond the file; it was left out"),
    "nextdata.unreadable": template("The place of a next data set is no number; none was looked for"),
    "nextdata.not_fcs": template("No data set begins where the next one should; none was read"),
    "mode.absent": template("$MODE was absent; list mode was taken"),
    "name.twice": template("Channels share a name; both were kept, and a gate that uses it is refused"),
    "name.absent": template("A channel had no name; it was given its number"),
    "bits.of_float": template("The width of a floating-point value follows from its type"),
    "range.unreadable": template("The range of a channel is absent or no number; none was taken"),
    "amplification.absent": template("The amplification was absent; linear was taken"),
    "amplification.unreadable": template("The amplification can't be read; linear was taken"),
    "amplification.of_float": template("Floating-point values are linear, whatever the amplification says"),
    "amplification.zero_offset": template("A logarithmic amplifier can't have the offset 0; 1 is meant"),
    "gain.unreadable": template("The gain is no number; 1 was taken"),
    "gain.zero": template("The gain is 0; 1 was taken"),
    "timestep.unreadable": template("The time step is no number; time stays in units of the file"),
    "header.blank_offset": template("An offset in HEADER is blank; that of TEXT was taken"),
    "header.half_offset": template("Only one of two offsets stands in HEADER; those of TEXT were taken"),
    "header.largest_offset": template("HEADER has no room for so large an offset; that of TEXT was taken"),
    "text.end_off_by_one": template("TEXT ends one byte later than HEADER says"),
    "text.unterminated": template("TEXT does not end with its delimiter; the last value ends with it"),
    "text.empty_value": template("A doubled delimiter after a keyword was read as an empty value"),
    "text.keyword_without_value": template("The last keyword has no value; it was left out"),
    "text.not_utf8": template("Some keywords or values are not UTF-8; they were read as ISO 8859-1, byte for byte"),
    "text.duplicate_keyword": template("A keyword stands twice; its first value was kept"),
    "tot.unreadable": template("The number of events is absent or no number; events were counted from DATA"),
    "tot.disagrees": template("DATA holds fewer events than $TOT says; those that are there were read"),
    "data.offsets_disagree": template("HEADER and TEXT place DATA differently; the place that fits was taken"),
    "data.end_off_by_one": template("DATA ends one byte beside the place that is stated"),
    "data.partial_event": template("DATA ends within an event; its bytes were read as whole events"),
    "data.longer_than_tot": template("DATA has more bytes than its events need; the events of $TOT were read"),
    "spillover.unreadable": template("The spillover matrix can't be read, so there is none"),
}
