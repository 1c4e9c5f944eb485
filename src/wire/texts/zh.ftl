# 预警与报告的用语（中文）。en.ftl 含有相同的条目。
# 语句只陈述所见事实，不陈述模型的推断。

reason-silence = 已 { $days } 天未购买；平时每 { $gap } 天购买一次
reason-silence-once = 仅有一个购买日，此后已 { $days } 天未购买
reason-trend-rarer-by = 购买间隔变长：近来每 { $recent } 天一次，长期平均每 { $usual } 天一次
reason-trend-rarer = 购买次数减少
reason-trend-steady = 购买一直保持稳定
reason-value-less-by = 最近一个购买日消费 { $last } { $currency }，平时为 { $usual }
reason-value-less = 近期消费低于以往
reason-value-kept = 近期消费表明客户会留下
reason-engagement-less = 访问与消息回应明显减少
reason-engagement-kept = 仍在访问或回应消息
reason-satisfaction-complaint = 有一起投诉尚未了结
reason-satisfaction-survey = 最近一次调查满意度为 { $satisfied } %
reason-satisfaction-less = 有不满：投诉、客服求助或调查评分偏低
reason-satisfaction-kept = 最近一次调查表示满意
reason-season-less = 每年此时客户购买较少
reason-season-more = 每年此时客户购买较多

changed-resolved-purchase = 上次于 { $opened } 预警，{ $ended } 因购买挽回
changed-resolved-score = 上次于 { $opened } 预警，{ $ended } 风险回落
changed-lapsed = 上次于 { $opened } 预警，{ $ended } 判定流失
changed-withdrawn = 上次于 { $opened } 预警，{ $ended } 撤回
changed-since = { $purchases ->
    [0] 此后未再购买
   *[other] 此后购买 { $purchases } 次，共 { $net } { $currency }
}

# 报告用语，名称见 src/effect_study/words.rs。
report-title = 对预警采取行动有用吗？
report-span = 自 { $from } 起发出的预警，{ $days } 天后看结果，数据截至 { $until }。
report-look = 第 { $number } 次查看，共 52 次（第 { $year } 研究年），截至 { $day } 当日结束。每周只查看一次；其他日子的报告显示最近一次的结果。
report-no_look = 尚无完整的一周。
report-year_before = 上一研究年于 { $day } 结束，结果为 { $points } 个百分点（{ $interval }）；每一年都是一项独立的研究。
report-verdict_arms_do_not_match = 不下结论：两组的人数与抽签概率不符，两组之差没有意义。请先查明是什么使某一组的客户丢失或换组。
report-verdict_not_enough = 数据还不够。
report-verdict_helps = 有用：采取行动的客户比对照组的客户有更多人回来。
report-verdict_harms = 有害：采取行动的客户比对照组的客户更少人回来。
report-verdict_not_shown = 没有显示出效果：区间包含 0。这并不证明没有效果。
report-enough_rule = 下结论需要每组至少 { $episodes } 个已到期的预警；并且若两组相同，人数较少的一组中预计至少有 { $returns } 位客户回来，也至少有同样多的客户不回来。
report-arms_heading = 按抽签分组比较，不论是否真的联系过
report-treated = 行动组
report-held_out = 对照组
report-difference = 差
report-interval = 95 % 区间
report-episodes = 预警数
report-came_back = { $days } 天内回来
report-margin_each = 每个预警的毛利，{ $currency }
report-points = 个百分点
report-to = 至
report-notes_heading = 关于这些数字
report-added_margin_week = 行动每周增加的毛利（每周 { $episodes } 个行动组预警）：{ $estimate } { $currency }（{ $interval }）。
report-added_margin_month = 行动每月增加的毛利（每月 { $episodes } 个行动组预警）：{ $estimate } { $currency }（{ $interval }）。
report-detectable = 在现有数据量下，{ $points } 个百分点的效果，或每个预警 { $margin } { $currency } 的效果，五次中有四次能被发现。
report-detectable_unknown = 目前还无法说明能发现多大的效果。
report-arms_match = 两组人数相符：{ $treated } 位客户抽入行动组，{ $held_out } 位抽入对照组，预期为 { $expected } 和 { $expected_held_out }（p = { $whole }；每四周分段 p = { $blocks }）。
report-arms_mismatch = 两组人数不符：{ $treated } 位客户抽入行动组，{ $held_out } 位抽入对照组，预期为 { $expected } 和 { $expected_held_out }（p = { $whole }；每四周分段 p = { $blocks }）。
report-arms_changed = 有 { $count } 个预警的分组与同一客户在同一半年内先前的分组不同。
report-matured_match = 已到期的结果也相符（p = { $whole }；分段 p = { $blocks }）。
report-matured_mismatch = 已到期的结果不相符（p = { $whole }；分段 p = { $blocks }）：某一组的结果丢失了。
report-exposed = 属于对照组却被联系：{ $all } 个预警中有 { $count } 个（{ $share }）。
report-exposed_meaning = 它们仍算在对照组内，因此真实效果只会比所示更大。
report-false_alarms = 误报：对照组中 { $share } 的客户自己回来了（{ $interval }）。
report-goals_heading = 目标
report-goal = 目标
report-wanted = 期望
report-measured = 测得
report-state = 状态
report-goal_retention = 增加的回头率，百分点
report-goal_margin_week = 每周增加的毛利，{ $currency }
report-goal_margin_month = 每月增加的毛利，{ $currency }
report-goal_false_alarms = 误报，%
report-at_most = 至多 { $value }
report-reached = 已达到
report-not_reached = 未达到
report-not_yet_known = 尚不能判断
report-cells_heading = 在哪里有用：增加的回头率，百分点
report-cells_note = 每一格都向全体靠拢，自身数据越少靠拢越多（经验贝叶斯，正态—正态）。区间只对单独一格、只看一次成立：它指出该看哪里，不是结论。
report-action = 行动
report-segment = 客群
report-tier = 价值层
report-champion = 冠军客户
report-loyal = 忠诚客户
report-promising = 潜力客户
report-new_customer = 新客户
report-at_risk = 有流失风险
report-lapsed = 已流失
report-lost = 长期流失
report-other = 其他
report-own = 自身
report-pooled = 合并后
report-none = 无
report-low = 低
report-mid = 中
report-high = 高
report-ranking_heading = 先提醒谁
report-ranking_figures = 若每个价值层只提醒排在前一半的客户：按估计的增量排序，每个预警增加毛利 { $uplift } { $currency }；按风险价值排序为 { $value }（差 { $gain }，{ $interval }）。
report-ranking_recommended = 按增量排序在对照组上胜出，建议采用：`churnwatch optimize` 会把它写入 playbook。
report-ranking_not = 按增量排序在对照组上没有确定地胜出：继续按风险价值排序。
report-ranking_not_asked = 还不能判断按增量排序是否更好：需要 { $count } 个对照组预警，并且两组人数相符。
report-periods_week = 逐周
report-periods_month = 逐月
report-periods_note = 增加的回头率，百分点。“仅本期”是普通的 95 % 区间；“截至当时”对一年中所有每周查看同时成立。
report-days = 到期日
report-alone = 仅本期
report-known_by_then = 截至当时
report-chart_sequence = 逐周所知
report-chart_cells = 各格，合并后
report-chart_week = 第几次查看
report-chart_points = 增加的回头率，百分点
report-left_out = 未计入：{ $unreadable } 行无法读取，{ $repeated } 条重复记录，{ $without } 个无法抽签分组的结果。
report-left_out_currency = 另有 { $count } 条结果不以 { $currency } 计价，未计入。
report-reading_heading = 如何阅读
report-reading = 被预警的客户中随机留出一部分不采取行动。两组别无不同，因此两组之差就是行动的效果。95 % 区间可以每周查看：一整年的查看中，二十项研究里至多一项的区间会漏掉真值。详见 docs/effect.md。
