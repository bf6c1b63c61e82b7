# Of the pairs in bench/boot's JSON rows (bench/rows.h): of each pair the ratio; the median of those, and its bounds with
# 95 % if there are pairs enough for such.

def at(rank): sort | .[rank];
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
def low: if length >= 6 then at((length / 2 - 0.98 * (length | sqrt)) | round) else "" end;
def high: if length >= 6 then at([length - 1, (length / 2 + 0.98 * (length | sqrt)) | round] | min) else "" end;
def each(name): [.[] | select(.monitor == name)];
def ratios(column): [each("zvmm"), each("microvm")] | transpose | map(.[0][column] / .[1][column]);
def pairs: "\(each("zvmm") | length) pairs";
def row(key; figure; unit; values; budget):
  [key, figure, unit, (values | median), (values | low), (values | high), budget] | map(tostring) | join("\t");
