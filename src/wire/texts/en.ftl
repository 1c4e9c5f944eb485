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
reason-silence-rare = { $days ->
    [one] 1 day
   *[other] { $days } days
} of silence; usually buys every { $gap }, so that the next purchase may come too late
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
report-nobody_contacted = Nobody is known to have been contacted, so this is the noise that the comparison has, not an effect.
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
report-periods_note = Return rate added, points. "Interval, this period alone" is an ordinary 95 % interval; "known by then" and the interval beside it hold for all weekly looks of the year at once.
report-days = matured
report-alone = interval, this period alone
report-known_by_then = known by then
report-chart_sequence = What was known week by week
report-chart_cells = Cells, pooled
report-chart_week = look
report-chart_points = return rate added, points
report-left_out = Passed over: { $unreadable } lines that could not be read, { $repeated } records told before (a rebuild tells all once more), { $without } outcomes at which no arm could be drawn.
report-left_out_currency = Also passed over: { $count } outcomes that are not in { $currency }.
report-reading_heading = How to read this
report-reading = A share of the warned customers is held out at random. The arms differ in nothing else, so the difference between them is what acting did. The 95 % interval may be looked at every week: over a year of looks it misses the truth in at most one study of twenty. docs/effect.md says more.

# Words of the pages, by the names of src/service/http/dashboard/words.rs.
page-skip = Skip to the content
page-navigation = Pages
page-today = Today
page-customers = Customers
page-effect = Effect
page-model = Model
page-health = Health
page-effect_title = Does acting on warnings help?
page-not_found = Not found
page-token_needed = The token is needed
page-not_now = Not now
page-not_possible = That is not possible
page-nothing_closed = No day has closed yet. Customers are scored once a day, when the day closes; publish a history, or wait for the first close.
page-incomplete = Other replicas have customers who are not counted here.
page-opened_heading = Warnings that opened with the last close
page-opened_none = No warning opened with the last close.
page-first_heading = Open warnings worth most
page-opened_all = All of them
page-opened_tile = Opened with the last close
page-open_tile = Open warnings
page-goals_heading = Goals
page-goals_unset = No goal is set. Set retention, incremental_margin or false_alarms in [goals] of the configuration, and this says how far they are.
page-goals_unknown = The outcomes are being read, or nothing has matured yet. Look again in a moment.
page-tier = Tier
page-of_tier = Tier { $tier }
page-place = Tier { $tier } · Segment { $segment }
page-tier_low = low
page-tier_mid = mid
page-tier_high = high
page-band = Risk
page-band_low = low
page-band_watch = watch
page-band_high = high
page-band_critical = critical
page-closes_tonight = when the day closes
page-warnings = Warnings
page-value_at_risk = Value at risk
page-value_at_risk_in = Value at risk, { $currency }
page-day = Day
page-as_table = As a table
page-forecast_note = What silence alone would open if nobody bought. Held-out customers are not among them.
page-nobody_yet = There are no customers with a purchase yet: publish a history, or wait for the first events.
page-nobody_fits = Nobody fits. Choose wider filters.
page-nobody_warned = No warning is open for anybody who fits.
page-first_page = First page
page-next_page = Next page
page-customer = Customer
page-score = Chance that this silence becomes churn
page-score_short = Score
page-customers_known = Customers known
page-customers_note = with or without a purchase; { $mebibytes } MiB of memory
page-bands_note = { $bands }, warned or not
page-seconds = { $seconds } s
page-no_customer = This customer is not known here. An id is written just as the events have it.
page-leave_alone = leave alone: held out
page-not_found_says = There is no such page.
page-not_now_says = The service has no answer at this moment. Look again in a few seconds.
page-not_possible_says = The address asks for something that can not be. Begin again from the links above.
page-token_needed_says = Reload the page, and give the token of http.token_file as the password; any user name will do.
page-effect_none = No warning has opened yet, or none in the configured currency, so there is nothing to compare. Look again once some have.
page-no_filters = All customers
page-churned = Churned
page-not_yet = not yet
page-churned_already = already
page-silence_days = Days of silence
page-last_purchase = Last purchase
page-segment = Segment
page-warned_since = Warned since
page-action = What to do
page-find = Find a customer by id
page-open = Open
page-any = any
page-order = In order of
page-warned_only = Open
page-warning = Warning
page-everybody = Open or not
page-opened_on = Opened on
page-show = Show
page-course_heading = How this silence goes
page-reasons_heading = Why the score is what it is
page-past_heading = What happened
page-known_heading = What is known
page-warnings_heading = Warnings about this customer
page-what_if_heading = What if the customer bought today?
page-held_out = Held out, so that the effect of warnings can be measured: leave this customer alone.
page-spent_year = Spent in a year, refunds deducted
page-action_heading = What to do
page-deadline = Do it by
page-offer = Offer
page-action_none = The playbook recommends nothing for this customer.
page-no_playbook = No playbook is set: name one under [playbook] path of the configuration. deploy/playbook.toml is an example.
page-first_purchase = First purchase
page-purchases = Purchases
page-spent_life = Spent in all, refunds deducted
page-forward_score = Chance of no purchase in the next { $days } days
page-style = Way of deciding
page-likes_week = Days of the week
page-likes_day_part = Time of day
page-likes_channel = Channel
page-likes_category = Favourite category
page-points_balance = Loyalty points
page-displeased = Cause of displeasure
page-survey = Satisfied in the last survey
page-opted_out = Wants no messages.
page-state = State
page-is_open = open
page-warnings_none = The CRM has heard of none.
page-now = Now
page-then = With the purchase
page-work_out = Work out
page-course_none = There is no score: nothing was bought, or the silence has become churn.
page-course_note = Before the first day shown what was heard is kept only in sum, so those closes can't be scored as they were.
page-if_silent = if the silence lasts
page-was = was
page-kind = Kind
page-reference = After last purchase
page-sum = Today
page-group = Group
page-reason = Reason
page-log_odds = Log-odds
page-group_silence = Silence
page-group_trend = Trend
page-group_value = Spend
page-group_engagement = Engagement
page-group_satisfaction = Satisfaction
page-group_season = Season
page-past_none = Nothing was bought in the last 400 days.
page-paid = Paid
page-given_back = Given back
page-heard_heading = Heard of late
page-heard_none = Nothing was heard of late.
page-times = Times
page-last_on = Last on
page-model_none = No partition is here yet, so no model is in force. Look again in a moment.
page-in_force_heading = In force
page-validation_heading = How it did when it was made
page-drift_heading = How well it still fits
page-horizon = Horizon
page-horizon_note = a silence this long is churn
page-thresholds = Risk begins at
page-thresholds_note = watch · high · critical, of the model
page-fits = Does it still fit?
page-fits_yes = Yes
page-fits_still = still fits
page-retrain = No: retrain
page-fits_note = by scores and calibration, below
page-since = Since
page-since_ever = the beginning
page-partitions = Partitions
page-head = Head
page-judged_from = Judged from
page-rows = Rows
page-base_rate = Churned
page-auc_active = AUC, active
page-validation_none = The artifact does not say.
page-validation_note = On rows later than those that the head was fitted on. Active: silent for less than the horizon.
page-drift_none = No close has scored anybody under this model yet.
page-not_yet_known = not yet known
page-beyond = beyond the limit
page-psi = Scores moved (population stability index)
page-calibration = Churned / predicted (1: as predicted)
page-clipped = Features outside the training's range
page-figure = Figure
page-limit = Limit
page-in_training = in training
page-seen_now = last 64 closes
page-scores_heading = Share of customers by score
page-cohorts_heading = Predicted churn against what came of it, summed up
page-cohorts_none = No silence has reached its end since this model scored it.
page-cohorts_note = Of silences a third of the horizon long, by the day that they were scored. Warnings that help keep the second line below the first.
page-predicted = predicted
page-occurred = became churn
page-ready = The service is at work.
page-not_ready = The service is not ready:
page-flow_heading = The last hour
page-flow_none = Look again in half a minute: samples are taken every ten seconds.
page-letters_heading = What could not be used
page-letters_none = Every record could be used since the start of this process.
page-letters_note = Each lies in the dead-letter topic with its reason. To look at them:
page-records_heading = Records
page-partitions_heading = Partitions of this replica
page-partitions_none = This replica has no partition yet.
page-partition = Partition
page-lag = Waiting
page-pace = Throughput
page-restored = Restored
page-commits = Transactions
page-pace_chart = Records a second
page-lag_chart = Records that wait
page-closed_day = Last closed day
page-closes_due = Closes due
page-state_size = State, MiB
page-as_of = As of the close of { $day }.
page-at_most = at most { $value }
page-at_risk = { $amount } at risk
page-band_changes = { $band } on { $day } if the silence lasts
page-churn_day = The silence becomes churn on { $day }.
page-coming_tile = Coming in { $days } days
page-days = { $days ->
    [one] 1 day
   *[other] { $days } days
}
page-ended_lapsed = given up on { $day }: the silence became churn
page-ended_resolved = won back or calmed on { $day }
page-ended_withdrawn = withdrawn on { $day }
page-forecast_heading = Warnings of the coming { $days } days
page-has_churned = Silent for { $days } days by { $day }: the silence has become churn.
page-last_bought = last bought on { $day }
page-list_age = Counted and ordered { $seconds ->
    [one] 1 second
   *[other] { $seconds } seconds
} ago; each customer is shown as of now.
page-listed = { $count ->
    [one] 1 customer
   *[other] { $count } customers
}, { $amount } at risk.
page-minutes = { $minutes } min
page-never_bought = Never bought, as of { $day }.
page-no_preference = no clear preference in { $purchases ->
    [one] 1 purchase
   *[other] { $purchases } purchases
}
page-not_in_data = not in the data
page-of_purchases = {" "}({ $count } of { $purchases } purchases)
page-oldest = the oldest for { $seconds } s
page-or_above = { $band } or above
page-pays = Amount, { $currency } (empty: the average)
page-amount_wanted = Give what would be paid as a number in { $currency }, such as 59.90.
page-pending = { $model } takes over on { $day }.
page-per_second = { $count } records/s
page-points = { $points ->
    [one] 1 point
   *[other] { $points } points
}
page-reasons_note = Each bar begins where the one above ends. Together: { $sum }.
page-records = { $count ->
    [one] 1 record
   *[other] { $count } records
}
page-restore_time = the start took { $seconds } s
page-rolled_back = { $count } rolled back
page-silent = Silent for { $days ->
    [one] 1 day
   *[other] { $days } days
} by { $day }; no warning is open.
page-so_far = { $count } since the start
page-spending = Spent and given back by day, { $currency }
page-trained_until = trained until { $day }
page-warned = Silent for { $days ->
    [one] 1 day
   *[other] { $days } days
} by { $day }; a warning is open since { $opened }.
page-what_if_says = With a purchase of { $amount } on { $day }, once that day has closed:

# What codes of events and profiles are called.
code-visit = visits
code-product_view = products viewed
code-cart = carts filled
code-checkout = checkouts begun
code-login = logins
code-message_sent = messages sent
code-message_opened = messages opened
code-message_clicked = messages clicked
code-unsubscribed = unsubscriptions
code-support_contact = support contacts
code-complaint = complaints
code-review = reviews
code-survey = surveys
code-loyalty = loyalty points
code-note = notes
code-rational = compares before buying
code-impulsive = buys at first sight
code-unknown = too little is known
code-weekday = weekdays
code-weekend = weekends
code-night = night
code-morning = morning
code-afternoon = afternoon
code-evening = evening
code-dissatisfied = dissatisfied in a survey
# Channels and offers that most shops have.
code-online = online
code-store = store
code-app = app
code-points = points
code-discount = discount
code-voucher = voucher
# Why records could not be used.
code-bad_encoding = bad encoding
code-unknown_schema = unknown schema
code-not_UTF-8 = not UTF-8
code-not_JSON = not JSON
code-too_large = too large
code-nested_too_deep = nested too deep
code-no_key = no key
code-missing_field = missing field
code-bad_field = bad field
code-unknown_type = unknown type
code-unknown_currency = unknown currency
code-bad_amount = bad amount
code-in_the_future = in the future
code-too_old = too old
code-too_late = too late
code-key_and_customer_disagree = key and customer disagree
code-needs_rekey = needs rekey
code-unknown_order = unknown order
code-unknown_episode = unknown episode
code-state_full = state full

# Messages to a room of people about an alert.
webhook-opened = Customer { $customer } may be leaving
webhook-escalated = Customer { $customer } is more likely to leave than before
webhook-resolved = Customer { $customer } is back: bought again
webhook-calmed = Customer { $customer } has calmed: the warning is over
webhook-lapsed = Customer { $customer } is lost: the silence is churn by now
webhook-withdrawn = Customer { $customer } opted out: the warning is withdrawn
webhook-merged = Customer { $customer } goes on under another id: the warning is withdrawn
webhook-erased = Customer { $customer } asked to be forgotten: delete what you keep of them
webhook-band-watch = watch
webhook-band-high = high
webhook-band-critical = critical
webhook-risk = Risk: { $band } ({ $percent } %)
webhook-silence = { $days ->
    [one] Silence: 1 day
   *[other] Silence: { $days } days
}; lost if it lasts until { $day }
webhook-stake = At stake: { $amount } { $currency }
webhook-why = Why: { $reasons }
webhook-do = To do: { $action }
webhook-who = By { $owner }, { $channel }, until { $day }
