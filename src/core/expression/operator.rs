//! The check of an operator: the kinds on both sides, and which groups are asked for.
//!
//! Promises to refuse only what fails, or is always the same, for every user (`user.?title == "Chief"`
//! compares an optional with a text and is never true). Leaves functions to [`super::call`].

use cel::IdedExpr;
use cel::common::ast::{CallExpr, operators};

use super::check::Check;
use super::kind::{Estimate, Kind};
use super::name::{Root, root};
use super::scope::{Holds, holds};
use super::tree;

impl<'t> Check<'t> {
    pub(super) fn operator(&mut self, node: &'t IdedExpr, call: &'t CallExpr) -> Estimate {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, yes, no]) => self.choice(condition, yes, no),
            (operators::LOGICAL_AND | operators::LOGICAL_OR, sides) => {
                for side in sides {
                    self.condition(side);
                }
                Estimate::new(Kind::Bool, 0)
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [negated]) => {
                self.condition(negated);
                Estimate::new(Kind::Bool, 0)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                self.equality(left, right)
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [left, right],
            ) => self.order(node, left, right),
            (operators::IN, [item, list]) => self.membership(item, list),
            (operators::ADD, [left, right]) => self.sum(node, left, right),
            (operators::INDEX, [of, index]) => self.index(node, of, index, false),
            (operators::OPT_INDEX | operators::OPT_SELECT, [of, index]) => {
                self.index(node, of, index, true)
            }
            (_, sides) => self.arithmetic(node, sides),
        }
    }

    fn choice(&mut self, condition: &'t IdedExpr, yes: &'t IdedExpr, no: &'t IdedExpr) -> Estimate {
        self.condition(condition);
        let (yes, no) = (self.visit(yes), self.visit(no));
        Estimate {
            kind: yes.kind.or(no.kind),
            pieces: yes.pieces.max(no.pieces),
        }
    }

    /// Checks a part that must be true or false.
    fn condition(&mut self, part: &'t IdedExpr) {
        let kind = self.visit(part).kind;
        if kind.is_optional() {
            self.may_be_absent(part, "false");
        } else if !kind.may_be(Kind::Bool) {
            let message = format!("true or false is needed here, not {}", kind.named());
            self.refuse(self.written.extent(part), message, None);
        }
    }

    fn equality(&mut self, left: &'t IdedExpr, right: &'t IdedExpr) -> Estimate {
        let kinds = (self.visit(left).kind, self.visit(right).kind);
        match kinds {
            (Kind::Null, other) | (other, Kind::Null)
                if other != Kind::Null && other != Kind::Any =>
            {
                let part = if kinds.0 == Kind::Null { right } else { left };
                let hint = "what is missing is found with `has(user.mail)`".to_owned();
                let message = format!("{} is never null", other.named());
                self.refuse(self.written.extent(part), message, Some(hint));
            }
            (one, two) if one.is_optional() && !two.is_optional() && two != Kind::Any => {
                self.may_be_absent(left, "\"\"");
            }
            (one, two) if two.is_optional() && !one.is_optional() && one != Kind::Any => {
                self.may_be_absent(right, "\"\"");
            }
            (one, two) if !one.may_be(two) && !two.may_be(one) => {
                let message = format!("{} is never the same as {}", one.named(), two.named());
                self.refuse(self.written.extent(right), message, None);
            }
            _ => {}
        }
        self.note_compared(left, right);
        self.note_compared(right, left);
        Estimate::new(Kind::Bool, 0)
    }

    /// `user.groups.exists(g, g == "eng")` asks for a group.
    fn note_compared(&mut self, variable: &'t IdedExpr, with: &'t IdedExpr) {
        if let (Holds::GroupNames, Some(name)) = (self.words(variable), tree::literal_text(with)) {
            self.names.groups.insert(name.to_owned());
        }
    }

    fn order(&mut self, node: &IdedExpr, left: &'t IdedExpr, right: &'t IdedExpr) -> Estimate {
        let kinds = self.sides(left, right);
        if let Some((one, two)) = kinds {
            let ordered = |kind| matches!(kind, Kind::Any | Kind::Text | Kind::Number | Kind::Bool);
            if !ordered(one) || !ordered(two) || !one.may_be(two) && !two.may_be(one) {
                self.unsuitable(node, one, two, None);
            }
        }
        Estimate::new(Kind::Bool, 0)
    }

    fn membership(&mut self, item: &'t IdedExpr, list: &'t IdedExpr) -> Estimate {
        if root(list).is_some() {
            let hint = "write `has(user.mail)`".to_owned();
            let message = "`in` asks for the elements of a list".to_owned();
            self.refuse(self.written.extent(list), message, Some(hint));
            return Estimate::new(Kind::Bool, 0);
        }
        if self.visit(item).kind.is_optional() {
            self.may_be_absent(item, "\"\"");
        }
        let kind = self.visit(list).kind;
        if kind.is_optional() {
            self.may_be_absent(list, "[]");
        } else if !kind.may_be(Kind::List) && !kind.may_be(Kind::Map) {
            let message = format!("`in` needs a list on its right, not {}", kind.named());
            let hint =
                (kind == Kind::Text).then(|| "for a part of a text write `contains`".to_owned());
            self.refuse(self.written.extent(list), message, hint);
        }
        self.note_members(item, list);
        Estimate::new(Kind::Bool, 0)
    }

    /// `"eng" in user.groups`, `["eng"].exists(g, g in user.groups)` and
    /// `user.groups.exists(g, g in ["eng"])` ask for groups.
    fn note_members(&mut self, item: &'t IdedExpr, list: &'t IdedExpr) {
        let sides = (self.words(item), holds(list));
        let ((Holds::Words(named), Holds::GroupNames) | (Holds::GroupNames, Holds::Words(named))) =
            sides
        else {
            return;
        };
        self.names
            .groups
            .extend(named.into_iter().map(str::to_owned));
    }

    fn sum(&mut self, node: &IdedExpr, left: &'t IdedExpr, right: &'t IdedExpr) -> Estimate {
        let (one, two) = (self.visit(left), self.visit(right));
        let pieces = one.pieces.saturating_add(two.pieces);
        if !self.are_there(&[(left, one.kind), (right, two.kind)]) {
            return Estimate::new(Kind::Any, pieces);
        }
        let kind = match (one.kind, two.kind) {
            (Kind::Any, other) | (other, Kind::Any) if addable(other) => other,
            (Kind::Texts, Kind::Texts) => Kind::Texts,
            (Kind::Texts | Kind::List, Kind::Texts | Kind::List) => Kind::List,
            (one, two) if one == two && addable(one) => one,
            (one, two) => {
                let mixed = (one == Kind::Text) != (two == Kind::Text);
                let hint = mixed.then(|| "make a text of it with `string(…)`".to_owned());
                self.unsuitable(node, one, two, hint);
                Kind::Any
            }
        };
        Estimate::new(kind, pieces)
    }

    fn arithmetic(&mut self, node: &IdedExpr, sides: &'t [IdedExpr]) -> Estimate {
        let kinds: Vec<(&'t IdedExpr, Kind)> = sides
            .iter()
            .map(|side| (side, self.visit(side).kind))
            .collect();
        if self.are_there(&kinds) {
            let wrong = kinds.iter().find(|(_, kind)| !kind.may_be(Kind::Number));
            if let Some((_, kind)) = wrong {
                let operator = self.written.slice(self.written.token(node)).to_owned();
                let message = format!("`{operator}` needs numbers, not {}", kind.named());
                self.refuse(self.written.token(node), message, None);
            }
        }
        Estimate::new(Kind::Number, 0)
    }

    /// The kinds of both sides, unless one may be absent, which is a problem of its own.
    fn sides(&mut self, left: &'t IdedExpr, right: &'t IdedExpr) -> Option<(Kind, Kind)> {
        let (one, two) = (self.visit(left).kind, self.visit(right).kind);
        self.are_there(&[(left, one), (right, two)])
            .then_some((one, two))
    }

    fn are_there(&mut self, sides: &[(&'t IdedExpr, Kind)]) -> bool {
        let before = self.problems.len();
        for (side, kind) in sides.iter().filter(|(_, kind)| kind.is_optional()) {
            self.may_be_absent(
                side,
                if *kind == Kind::MaybeTexts {
                    "[]"
                } else {
                    "\"\""
                },
            );
        }
        self.problems.len() == before
    }

    fn unsuitable(&mut self, node: &IdedExpr, one: Kind, two: Kind, hint: Option<String>) {
        let token = self.written.token(node);
        let operator = self.written.slice(token.clone()).to_owned();
        let message = format!(
            "`{operator}` does not work on {} and {}",
            one.named(),
            two.named()
        );
        self.refuse(token, message, hint);
    }

    /// `user["a-b"]`, `user.?mail`, `list[0]`, `{"DE": "Germany"}[?user.c]`.
    fn index(
        &mut self,
        node: &IdedExpr,
        of: &'t IdedExpr,
        index: &'t IdedExpr,
        optional: bool,
    ) -> Estimate {
        let (kind, pieces) = match root(of) {
            Some(root) => (self.named(root, index), 1),
            None => self.element(node, of, index),
        };
        Estimate::new(if optional { kind.optional() } else { kind }, pieces)
    }

    fn named(&mut self, root: Root, index: &'t IdedExpr) -> Kind {
        match tree::literal_text(index) {
            Some(name) => self.attribute(root, name, self.written.name(index)),
            None => self.unknowable(index),
        }
    }

    fn unknowable(&mut self, index: &'t IdedExpr) -> Kind {
        let message = "the name of an attribute must be written out".to_owned();
        let hint = "write it as `user[\"name\"]`".to_owned();
        self.refuse(self.written.extent(index), message, Some(hint));
        Kind::Any
    }

    fn element(&mut self, node: &IdedExpr, of: &'t IdedExpr, index: &'t IdedExpr) -> (Kind, u32) {
        let Estimate { kind, pieces } = self.visit(of);
        let by = self.visit(index).kind;
        if by.is_optional() {
            self.may_be_absent(index, "\"\"");
        }
        let inside = kind.held();
        let found = match inside {
            Kind::Any | Kind::Map => Kind::Any,
            Kind::Texts | Kind::List if by.may_be(Kind::Number) => inside.element(),
            Kind::Texts | Kind::List => {
                let message = format!("a list is counted from 0, not by {}", by.named());
                self.refuse(self.written.extent(index), message, None);
                Kind::Any
            }
            Kind::Null
            | Kind::Text
            | Kind::Bool
            | Kind::Number
            | Kind::Bytes
            | Kind::MaybeText
            | Kind::MaybeTexts
            | Kind::Maybe => {
                let hint = (inside == Kind::Text)
                    .then(|| "parts of a text are taken with `substring`".to_owned());
                let message = format!("{} has no elements", inside.named());
                self.refuse(self.written.name(node), message, hint);
                Kind::Any
            }
        };
        (
            if kind.is_optional() {
                found.optional()
            } else {
                found
            },
            pieces,
        )
    }
}

/// Can two of a kind be added?
fn addable(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Any | Kind::Text | Kind::Number | Kind::Texts | Kind::List
    )
}
