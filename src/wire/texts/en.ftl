# What alerts and reports say, in English. zh.ftl holds the same messages.
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

# Words of a report, by the names of src/effect_study/words.rs.
report-title = Does acting on warnings help?
report-span = Openings from { $from } on, outcomes { $days } days later, known until { $until }.
report-look = Look { $number } of 52 (study year { $year }), taken at the end of { $day }. Looks are taken once a week; a report on any other day shows the last one.
report-no_look = No week is complete yet.
report-year_before = The study year before ended on { $day } with { $points } points ({ $interval }); each year is a study of its own.
report-verdict_arms_do_not_match = No verdict: the arms do not have the sizes that they were drawn with, so their difference means nothing. Find out first what loses or moves customers of one arm.
report-verdict_not_enough = Not enough data yet.
report-verdict_helps = It helps: more of the treated customers come back than of those held out.
report-verdict_harms = It does harm: fewer of the treated customers come back than of those held out.
report-verdict_not_shown = No effect is shown: the interval holds 0. That is not a proof that there is none.
report-enough_rule = A verdict needs at least { $episodes } matured episodes in each arm, and at least { $returns } customers in the smaller arm who would be expected to come back, and as many not to, if the arms were alike.
report-arms_heading = By arm, as drawn, whether contacted or not
report-treated = treated
report-held_out = held out
report-difference = difference
report-interval = 95 % interval
report-episodes = episodes
report-came_back = came back within { $days } days
report-margin_each = margin an episode, { $currency }
report-points = points
report-to = to
report-notes_heading = What to know about these figures
report-added_margin_week = Margin that acting adds in a week, at { $episodes } treated episodes a week: { $estimate } { $currency } ({ $interval }).
report-added_margin_month = Margin that acting adds in a month, at { $episodes } treated episodes a month: { $estimate } { $currency } ({ $interval }).
report-detectable = At this size an effect of { $points } points, or of { $margin } { $currency } an episode, would be found in four cases of five.
report-detectable_unknown = What effect could be found can't be told yet.
report-arms_match = The arms match: { $treated } customers drawn to be treated, { $held_out } held out, { $expected } and { $expected_held_out } were to be expected (p = { $whole }; in blocks of four weeks p = { $blocks }).
report-arms_mismatch = The arms do not match: { $treated } customers drawn to be treated, { $held_out } held out, { $expected } and { $expected_held_out } were to be expected (p = { $whole }; in blocks of four weeks p = { $blocks }).
report-arms_changed = { $count } openings have another arm than their customer's earlier ones in the same half-year.
report-matured_match = The matured outcomes match as well (p = { $whole }; in blocks p = { $blocks }).
report-matured_mismatch = The matured outcomes do not match (p = { $whole }; in blocks p = { $blocks }): outcomes of one arm get lost.
report-exposed = Contacted although held out: { $count } of { $all } episodes ({ $share }).
report-exposed_meaning = {" "}They stay in the holdout, so the true effect is rather larger than told.
report-false_alarms = False alarms: { $share } of the held-out customers came back by themselves ({ $interval }).
report-goals_heading = Goals
report-goal = goal
report-wanted = wanted
report-measured = measured
report-state = state
report-goal_retention = return rate added, points
report-goal_margin_week = margin added a week, { $currency }
report-goal_margin_month = margin added a month, { $currency }
report-goal_false_alarms = false alarms, %
report-at_most = at most { $value }
report-reached = reached
report-not_reached = not reached
report-not_yet_known = can't be said yet
report-cells_heading = Where it helps: return rate added, points
report-cells_note = Each cell is pulled towards all the others, the more the less it knows (empirical Bayes, normal-normal). Its interval is for one cell looked at once: it says where to look, it is no verdict.
report-action = action
report-segment = segment
report-tier = tier
report-champion = champion
report-loyal = loyal
report-promising = promising
report-new_customer = new
report-at_risk = at risk
report-lapsed = lapsed
report-lost = lost
report-other = other
report-own = own
report-pooled = pooled
report-none = none
report-low = low
report-mid = mid
report-high = high
report-ranking_heading = Whom to warn first
report-ranking_figures = Had only the better half of each tier been warned: { $uplift } { $currency } margin added an episode when ranked by estimated uplift, { $value } when ranked by value at risk (difference { $gain }, { $interval }).
report-ranking_recommended = Ranking by uplift wins on the holdout and is recommended: `churnwatch optimize` writes it into the playbook.
report-ranking_not = Ranking by uplift does not win on the holdout beyond doubt: stay with value at risk.
report-ranking_not_asked = Whether ranking by uplift would be better can't be asked yet: it needs { $count } held-out episodes, and arms that match.
report-periods_week = Week by week
report-periods_month = Month by month
report-periods_note = Return rate added, points. "This period alone" is an ordinary 95 % interval; "known by then" holds for all weekly looks of the year at once.
report-days = matured
report-alone = this period alone
report-known_by_then = known by then
report-chart_sequence = What was known week by week
report-chart_cells = Cells, pooled
report-chart_week = look
report-chart_points = return rate added, points
report-left_out = Passed over: { $unreadable } lines that could not be read, { $repeated } records read before, { $without } outcomes at which no arm could be drawn.
report-left_out_currency = Also passed over: { $count } outcomes that are not in { $currency }.
report-reading_heading = How to read this
report-reading = A share of the warned customers is held out at random. The arms differ in nothing else, so the difference between them is what acting did. The 95 % interval may be looked at every week: over a year of looks it misses the truth in at most one study of twenty. docs/effect.md says more.
