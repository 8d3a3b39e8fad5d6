//! What an owner says, whenever it is said.

use domain::job::JobState;

use crate::twins::{Twins, caught};

/// What happens to an asset: its owner changes its title, twice, something follows from each, and its
/// job ends.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    First,
    FollowsFirst,
    Second,
    FollowsSecond,
    Ends,
}

const STEPS: [Step; 5] = [
    Step::First,
    Step::FollowsFirst,
    Step::Second,
    Step::FollowsSecond,
    Step::Ends,
];

/// Every order of the steps in which nothing follows from a change before it is made.
fn orders() -> Vec<Vec<Step>> {
    let mut orders = vec![Vec::new()];
    for _ in STEPS {
        let longer = |order: &Vec<Step>| {
            let next = STEPS.into_iter().filter(|step| !order.contains(step));
            let next = next.map(|step| [order.as_slice(), &[step]].concat());
            next.collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    let place = |order: &[Step], wanted| order.iter().position(|step| *step == wanted);
    let before = |order: &[Step], one, other| place(order, one) < place(order, other);
    orders.retain(|order| {
        before(order, Step::First, Step::Second)
            && before(order, Step::First, Step::FollowsFirst)
            && before(order, Step::Second, Step::FollowsSecond)
    });
    orders
}

async fn rename(twins: &Twins, title: &str) {
    twins.said(|entry| title.clone_into(&mut entry.title)).await;
}

#[tokio::test]
async fn the_last_title_is_in_the_rows_in_whatever_order_things_happen() {
    let damaged = || Some(caught("SourceDamaged", ""));
    let orders = orders();
    assert_eq!(orders.len(), 15);
    for order in orders {
        for (error, state) in [(None, JobState::Ready), (damaged(), JobState::Failed)] {
            let twins = Twins::done().await;
            twins.entered().await;
            for step in &order {
                match step {
                    Step::First => rename(&twins, "Spring").await,
                    Step::Second => rename(&twins, "Summer").await,
                    Step::FollowsFirst | Step::FollowsSecond => twins.changed().await,
                    Step::Ends => assert_eq!(twins.ends(error.clone()).await.unwrap(), state),
                }
            }
            assert_eq!(twins.title(), "Summer", "{order:?}, {state:?}");
        }
    }
}

#[tokio::test]
async fn a_change_that_is_told_again_changes_nothing() {
    let twins = Twins::done().await;
    twins.entered().await;
    twins.ends(None).await.unwrap();
    rename(&twins, "Summer").await;
    for _ in 0..2 {
        twins.changed().await;
        assert_eq!(twins.title(), "Summer");
    }
}

#[tokio::test]
async fn nothing_is_written_of_an_asset_that_goes() {
    let twins = Twins::done().await;
    twins.changed().await;
    twins.entered().await;
    twins.ends(None).await.unwrap();
    let before = twins.title();
    twins
        .said(|entry| {
            "Summer".clone_into(&mut entry.title);
            entry.removing = true;
        })
        .await;
    twins.changed().await;
    assert_eq!(twins.title(), before);
}
