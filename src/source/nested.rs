//! Groups in groups: who is reached through them, and where they run in circles.
//!
//! Promises to end on any graph and to name each circle once, whatever order the groups come in.
//! Leaves names and members to the groups of each source.

use std::collections::BTreeSet;

/// For each group, by number, the groups that stand in it directly.
pub(super) type Children = Vec<BTreeSet<usize>>;

/// A group and all groups below it.
pub(super) fn reach(children: &Children, from: usize) -> BTreeSet<usize> {
    let mut visited = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(group) = open.pop() {
        for child in &children[group] {
            if visited.insert(*child) {
                open.push(*child);
            }
        }
    }
    visited
}

/// Circles of groups: each begins with its smallest number, which is not repeated at the end.
/// Of circles that share groups, enough are named to break them all.
pub(super) fn circles(children: &Children) -> BTreeSet<Vec<usize>> {
    let mut search = Search {
        children,
        state: vec![State::New; children.len()],
        circles: BTreeSet::new(),
    };
    for group in 0..children.len() {
        search.walk(group);
    }
    search.circles
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnPath,
    Done,
}

struct Search<'a> {
    children: &'a Children,
    state: Vec<State>,
    circles: BTreeSet<Vec<usize>>,
}

impl Search<'_> {
    /// Depth first without recursion, so that a chain of any length fits.
    fn walk(&mut self, start: usize) {
        if self.state[start] != State::New {
            return;
        }
        self.state[start] = State::OnPath;
        let mut path = vec![(start, self.children[start].iter())];
        while let Some((group, rest)) = path.last_mut() {
            let Some(child) = rest.next().copied() else {
                self.state[*group] = State::Done;
                path.pop();
                continue;
            };
            match self.state[child] {
                State::Done => {}
                State::New => {
                    self.state[child] = State::OnPath;
                    path.push((child, self.children[child].iter()));
                }
                State::OnPath => {
                    let steps: Vec<usize> = path.iter().map(|(group, _)| *group).collect();
                    self.circles.insert(circle(&steps, child));
                }
            }
        }
    }
}

/// The end of a path from `back` on, turned so that the smallest number comes first.
fn circle(path: &[usize], back: usize) -> Vec<usize> {
    let mut circle: Vec<usize> = path
        .iter()
        .copied()
        .skip_while(|group| *group != back)
        .collect();
    let smallest = circle.iter().enumerate().min_by_key(|(_, group)| **group);
    let turn = smallest.map_or(0, |(at, _)| at);
    circle.rotate_left(turn);
    circle
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn children(of: &[&[usize]]) -> Children {
        of.iter()
            .map(|children| children.iter().copied().collect())
            .collect()
    }

    #[test]
    fn everything_below_is_reached_once() {
        let children = children(&[&[1, 2], &[3], &[3], &[], &[0]]);
        assert_eq!(reach(&children, 0), BTreeSet::from([0, 1, 2, 3]));
        assert_eq!(reach(&children, 3), BTreeSet::from([3]));
        assert!(circles(&children).is_empty());
    }

    #[test]
    fn a_circle_is_named_once_from_its_smallest_group() {
        let children = children(&[&[], &[3], &[1], &[2, 0]]);
        assert_eq!(circles(&children), BTreeSet::from([vec![1, 3, 2]]));
        assert_eq!(reach(&children, 2), BTreeSet::from([0, 1, 2, 3]));
    }

    #[test]
    fn a_group_in_itself_is_a_circle() {
        assert_eq!(circles(&children(&[&[0]])), BTreeSet::from([vec![0]]));
    }

    #[test]
    fn a_long_chain_fits() {
        let length = 100_000;
        let mut chain: Children = (1..length).map(|next| BTreeSet::from([next])).collect();
        chain.push(BTreeSet::new());
        assert_eq!(reach(&chain, 0).len(), length);
        assert!(circles(&chain).is_empty());
    }

    proptest! {
        /// A circle is found exactly when some group is below one of its own children.
        #[test]
        fn circles_are_found_when_there_are_any(
            children in prop::collection::vec(prop::collection::btree_set(0usize..8, 0..4), 8)
        ) {
            let circular = (0..children.len()).any(|group| {
                children[group].iter().any(|child| reach(&children, *child).contains(&group))
            });
            let circles = circles(&children);
            prop_assert_eq!(!circles.is_empty(), circular);
            for circle in circles {
                let nexts = circle.iter().cycle().skip(1);
                for (group, next) in circle.iter().zip(nexts) {
                    prop_assert!(children[*group].contains(next));
                }
            }
        }
    }
}
