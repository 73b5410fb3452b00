"""The pages that people open in a browser. They call workflows, as the API does.

`site` has the public pages, `owner` those of a case, `desk` is for advocates; none of the three
imports another. What they share stands here.
"""
