"""Reports of sessions that are over: observations of faces in, a page or a picture out.

observations   what a log, a film or a table of results says, moment by moment
log_reader     lines of a log to observations
aggregate      observations to a report, in bounded memory
table_report   a table of a batch: counts and the parts of its page
report_text    the report in words and rows
report_html    the report as one page
report_png     the report as one picture
"""
