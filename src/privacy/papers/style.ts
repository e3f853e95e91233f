// The style sheet of the centre's papers, for screen and A4.
export const style = `
@page { size: A4; margin: 18mm 17mm; }
* { box-sizing: border-box; }
html { background: #eef1f4; }
body { font: 10.5pt/1.5 "Source Serif 4", "Liberation Serif", "DejaVu Serif", Georgia, serif; color: #1d2530;
  background: #fff; max-width: 200mm; margin: 8mm auto; padding: 14mm 16mm; }
header, h1, h2, h3, table, footer { font-family: "Liberation Sans", "DejaVu Sans", Arial, sans-serif; }
header { display: flex; justify-content: space-between; gap: 10mm; border-bottom: .5mm solid #1f3a5f;
  padding-bottom: 4mm; margin-bottom: 8mm; font-size: 8.8pt; line-height: 1.45; color: #4a5666; }
header .from { font-size: 11pt; font-weight: 600; color: #1f3a5f; }
header small { display: block; font-size: 8.8pt; font-weight: 400; color: #4a5666; margin-top: 1mm; }
header .mark { text-align: right; }
address { font-style: normal; margin: 0 0 8mm 58%; line-height: 1.45; }
.signed { margin: 8mm 0 0 58%; }
h1 { font-size: 17pt; line-height: 1.25; font-weight: 600; color: #1f3a5f; margin: 0 0 5mm; }
h2 { font-size: 12pt; line-height: 1.3; font-weight: 600; color: #1f3a5f; margin: 8mm 0 2.5mm; padding-bottom: 1mm;
  border-bottom: .2mm solid #b9c4d1; break-after: avoid; }
h3 { font-size: 10.5pt; line-height: 1.35; font-weight: 600; margin: 5mm 0 1.5mm; break-after: avoid; }
p { margin: 0 0 2.5mm; orphans: 3; widows: 3; }
ul { margin: 0 0 2.5mm; padding-left: 5mm; }
li { margin-bottom: 1mm; }
table { width: 100%; border-collapse: collapse; margin: 1mm 0 4mm; font-size: 9pt; line-height: 1.4; }
th, td { text-align: left; vertical-align: top; padding: 1.3mm 2mm; border-bottom: .2mm solid #d4dbe3; overflow-wrap: anywhere; }
thead th { border-bottom: .4mm solid #1f3a5f; color: #1f3a5f; font-weight: 600; overflow-wrap: normal; }
td:first-child { min-width: 26mm; }
table.facts th { width: 58mm; font-weight: 400; color: #4a5666; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
code { font: 8.6pt/1.4 "Liberation Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.said { white-space: pre-wrap; }
.seen { border-left: .8mm solid #1f3a5f; background: #f4f7fa; padding: 3mm 4mm; margin: 0 0 5mm; break-inside: avoid; }
.seen p:last-child, .seen table { margin-bottom: 0; }
.seen tr:last-child > * { border-bottom: 0; }
.none { color: #4a5666; font-style: italic; }
footer { border-top: .2mm solid #b9c4d1; margin-top: 10mm; padding-top: 3mm; font-size: 8.6pt; line-height: 1.5;
  color: #4a5666; break-inside: avoid; }
@media print { html { background: none; } body { margin: 0; padding: 0; max-width: none; } }
`;
