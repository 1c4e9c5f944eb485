# 预警语句（中文）。en.ftl 含有相同的条目。
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
