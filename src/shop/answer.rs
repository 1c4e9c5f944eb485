//! How customers answer what the sales team does about a warning. The engine never sees it: it is there to be found again.

/// Probability that a customer who has left comes back because of an action that [`STRENGTHS`] doesn't name: a middle one.
pub const WIN_BACK: f64 = 0.15;
/// What the sales team does where nothing is recommended: it calls.
pub const UNADVISED: &str = "call";
/// The action that is none: the customer isn't contacted.
pub const NOBODY: &str = "none";

/// The same by action: those of deploy/playbook.toml, from what takes a person's time down to what everybody is sent.
const STRENGTHS: [(&str, f64); 6] = [
    ("make_good", 0.25),
    ("personal_call", 0.22),
    ("personal_letter", 0.18),
    ("points_gift", 0.15),
    ("comparison", 0.10),
    ("new_arrivals", 0.08),
];

/// Probability that a customer who has left comes back because of an action.
pub fn win_back(action: &str) -> f64 {
    STRENGTHS.iter().find(|(name, _)| *name == action).map_or(WIN_BACK, |(_, strength)| *strength)
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, STRENGTHS, UNADVISED, WIN_BACK, win_back};
    use crate::engine::day::Day;
    use crate::shop::generator::{Shop, ShopSettings, Told};

    #[test]
    fn unknown_actions_lie_in_the_middle() {
        assert_eq!([win_back(UNADVISED), win_back("a brass band")], [WIN_BACK; 2]);
        let (low, high) = STRENGTHS
            .iter()
            .fold((1.0, 0.0), |(low, high): (f64, f64), (_, strength)| (low.min(*strength), high.max(*strength)));
        assert!(low < WIN_BACK && WIN_BACK < high);
    }

    /// Purchases in the fortnight after everybody was answered with an action, when half of the customers had left.
    fn purchases(action: &str) -> usize {
        let mut shop = Shop::new(ShopSettings { customers: 4_000, days: 400, seed: 2, end: Day(20_000) });
        for _ in 0..380 {
            shop.next_day();
        }
        (0..4_000).for_each(|customer| shop.respond(customer, 9, Some(action)));
        let bought = |shop: &mut Shop| {
            let events = shop.next_day().unwrap_or_default();
            events.iter().filter(|event| matches!(event.told, Told::Purchase { .. })).count()
        };
        (0..14).map(|_| bought(&mut shop)).sum()
    }

    #[test]
    fn a_stronger_action_brings_more_back() {
        let [nobody, weak, middle, strong] = [NOBODY, "new_arrivals", "a letter", "make_good"].map(purchases);
        println!("purchases: {nobody} if nobody is contacted, {weak}, {middle} and {strong} by action");
        assert!(nobody + 80 < weak && weak + 80 < middle && middle + 80 < strong);
    }

    #[test]
    fn the_sales_team_does_what_is_recommended() {
        let mut shop = Shop::new(ShopSettings { customers: 9, days: 9, seed: 1, end: Day(20_000) });
        shop.next_day();
        for (customer, action) in [(1, Some("a \"letter\"")), (2, Some(NOBODY)), (3, None)] {
            shop.respond(customer, 7, action);
        }
        let mut done = Vec::new();
        for event in shop.next_day().unwrap() {
            if let Told::Contacted { episode: 7, action } = &event.told {
                done.push((event.customer, &**action));
            }
        }
        assert_eq!(done, [(1, "a \"letter\""), (3, UNADVISED)]);
    }
}
