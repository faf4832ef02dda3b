//! The tree against a naive reading of RFC 6962, and against an independent implementation.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

fn data(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| Hash::leaf(&data(index))).collect()
}

/// `MTH` of RFC 6962, section 2.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            Hash::node(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

fn hash_of(span: Span, leaves: &[Hash]) -> Hash {
    let node = |node: Node| {
        let start = usize::try_from(node.index << node.height).unwrap();
        naive_root(&leaves[start..start + (1 << node.height)])
    };
    fold(&span.nodes().into_iter().map(node).collect::<Vec<_>>())
}

fn hashes(spans: Option<Vec<Span>>, leaves: &[Hash]) -> Vec<Hash> {
    spans.unwrap().into_iter().map(|span| hash_of(span, leaves)).collect()
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|index| tree.push(data(index)));
    tree
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

proptest! {
    #[test]
    fn roots_agree(size in 0_u64..700) {
        let leaves = leaves(size);
        let want = naive_root(&leaves);
        let mut frontier = Frontier::default();
        for leaf in &leaves {
            frontier.push(*leaf);
        }
        prop_assert_eq!(frontier.root(), want);
        prop_assert_eq!(frontier.size(), size);
        prop_assert_eq!(hash_of(Span::tree(size), &leaves), want);
        let theirs = oracle(size).root();
        prop_assert_eq!(theirs.as_bytes().as_slice(), want.as_bytes());
    }

    #[test]
    fn inclusion_agrees_with_the_oracle(
        (size, index) in (1_u64..300).prop_flat_map(|n| (Just(n), 0..n)),
    ) {
        let leaves = leaves(size);
        let root = naive_root(&leaves);
        let path = hashes(inclusion(index, size), &leaves);
        let leaf = leaves[usize_of(index)];
        let theirs = oracle(size);
        let proof = theirs.prove_inclusion(usize_of(index));
        let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        prop_assert_eq!(proof.as_bytes(), bytes.as_slice());
        prop_assert!(verify_inclusion(leaf, index, size, root, &path));
        let ours = InclusionProof::<Sha256>::try_from_bytes(bytes).unwrap();
        prop_assert!(theirs.root().verify_inclusion(&data(index), index, &ours).is_ok());
        for (at, _) in path.iter().enumerate() {
            let mut bent = path.clone();
            bent[at] = Hash::leaf(b"bent");
            prop_assert!(!verify_inclusion(leaf, index, size, root, &bent));
            bent.remove(at);
            prop_assert!(!verify_inclusion(leaf, index, size, root, &bent));
        }
        prop_assert!(!verify_inclusion(Hash::leaf(b"other"), index, size, root, &path));
        let longer = [path.as_slice(), &[root]].concat();
        prop_assert!(!verify_inclusion(leaf, index, size, root, &longer));
        if size > 1 {
            prop_assert!(!verify_inclusion(leaf, (index + 1) % size, size, root, &path));
        }
    }

    #[test]
    fn consistency_agrees_with_the_oracle(
        (new, old) in (2_u64..300).prop_flat_map(|n| (Just(n), 1..n)),
    ) {
        let leaves = leaves(new);
        let roots = (naive_root(&leaves[..usize_of(old)]), naive_root(&leaves));
        let path = hashes(consistency(old, new), &leaves);
        let theirs = oracle(new);
        let proof = theirs.prove_consistency(usize_of(new - old));
        let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
        prop_assert_eq!(proof.as_bytes(), bytes.as_slice());
        prop_assert!(verify_consistency((old, roots.0), (new, roots.1), &path));
        let ours = ConsistencyProof::<Sha256>::try_from_bytes(bytes).unwrap();
        let their_old: RootHash<Sha256> = oracle(old).root();
        prop_assert!(theirs.root().verify_consistency(&their_old, &ours).is_ok());
        let bent = Hash::leaf(b"bent");
        prop_assert!(!verify_consistency((old, bent), (new, roots.1), &path));
        prop_assert!(!verify_consistency((old, roots.0), (new, bent), &path));
        for at in 0..path.len() {
            let mut path = path.clone();
            path[at] = bent;
            prop_assert!(!verify_consistency((old, roots.0), (new, roots.1), &path));
        }
        let longer = [path.as_slice(), &[bent]].concat();
        prop_assert!(!verify_consistency((old, roots.0), (new, roots.1), &longer));
    }
}

#[test]
fn edges_of_the_range() {
    assert_eq!(inclusion(0, 0), None);
    assert_eq!(inclusion(5, 5), None);
    assert_eq!(inclusion(0, 1), Some(Vec::new()));
    assert_eq!(consistency(3, 2), None);
    assert_eq!(consistency(0, 2), Some(Vec::new()));
    assert_eq!(consistency(2, 2), Some(Vec::new()));
    let (empty, some) = (Hash::empty(), Hash::leaf(b"x"));
    assert!(verify_consistency((0, empty), (1, some), &[]));
    assert!(!verify_consistency((0, some), (1, some), &[]));
    assert!(!verify_consistency((2, some), (1, some), &[]));
    assert!(!verify_consistency((1, some), (2, some), &[]));
    assert!(!verify_inclusion(some, 1, 1, some, &[]));
    // The largest trees still have bounded plans.
    assert!(inclusion(u64::MAX >> 2, u64::MAX >> 1).unwrap().len() <= 64);
    assert!(consistency((u64::MAX >> 1) - 1, u64::MAX >> 1).unwrap().len() <= 64);
}
