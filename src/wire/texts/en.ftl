# Sentences of alerts, in English. zh.ftl holds the same messages.
# A sentence says what was seen, never what the model made of it.

reason-silence = { $days ->
    [one] 1 day
   *[other] { $days } days
} of silence; usually buys every { $gap ->
    [one] day
   *[other] { $gap }
}
reason-silence-once = { $days ->
    [one] 1 day
   *[other] { $days } days
} of silence after one purchase day
reason-trend-rarer-by = purchases have become rarer: lately every { $recent } days, over the whole time every { $usual }
reason-trend-rarer = purchases have become rarer
reason-trend-steady = purchases have been coming steadily
reason-value-less-by = the last purchase day came to { $last } { $currency }, usually { $usual }
reason-value-less = recent spend is below what it was
reason-value-kept = recent spend speaks for staying
reason-engagement-less = visits and answers to messages have died down
reason-engagement-kept = still visits or answers messages
reason-satisfaction-complaint = a complaint is open
reason-satisfaction-survey = { $satisfied } % satisfied in the last survey
reason-satisfaction-less = something displeased: a complaint, a support case or a poor survey
reason-satisfaction-kept = was content in the last survey
reason-season-less = customers buy less at this time of the year
reason-season-more = customers buy more at this time of the year

changed-resolved-purchase = warned last on { $opened }, won back on { $ended }
changed-resolved-score = warned last on { $opened }, calmed on { $ended }
changed-lapsed = warned last on { $opened }, given up on { $ended }
changed-withdrawn = warned last on { $opened }, withdrawn on { $ended }
changed-since = { $purchases ->
    [0] nothing bought since
    [one] 1 purchase since, for { $net } { $currency }
   *[other] { $purchases } purchases since, for { $net } { $currency }
}
