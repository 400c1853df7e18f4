//! Stories from outside, and the rules of the house.

mod house;
