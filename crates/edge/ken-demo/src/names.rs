//! Names that people in Scotland bear, by where the name comes from.
//!
//! Each list is sorted by how common the name is, roughly; no pair of them is anybody in
//! particular. House policy: a partnership that only holds names in ASCII would hide the faults of
//! one that does not.

use crate::Dice;

/// Where a family's names come from. It says nothing else about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Scots and English names.
    Scots,
    /// Gaelic names, with the accents and the daughter's form of a family name.
    Gaelic,
    /// Names from Pakistan, India and Bangladesh.
    SouthAsian,
    /// Polish names, with the feminine form of a family name.
    Polish,
    /// Chinese names, written in Latin letters.
    Chinese,
    /// Names from West Africa.
    WestAfrican,
    /// Irish names.
    Irish,
    /// Arabic names.
    Arabic,
}

/// Whether a person is recorded as female or male; the index needs no more here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Recorded as female.
    Female,
    /// Recorded as male.
    Male,
}

impl Sex {
    /// HL7 table 0001.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
        }
    }
}

/// How often each origin occurs, in hundredths. House policy, near the census of 2022.
const SHARES: &[(u64, Origin)] = &[
    (67, Origin::Scots),
    (8, Origin::Gaelic),
    (8, Origin::Irish),
    (6, Origin::SouthAsian),
    (5, Origin::Polish),
    (3, Origin::Chinese),
    (2, Origin::WestAfrican),
    (1, Origin::Arabic),
];

impl Origin {
    /// Draws an origin for a household.
    #[must_use]
    pub fn draw(dice: &mut Dice) -> Self {
        let mut left = dice.below(100);
        for &(share, origin) in SHARES {
            if left < share {
                return origin;
            }
            left -= share;
        }
        Self::Scots
    }

    /// Draws a given name.
    #[must_use]
    pub fn given(self, sex: Sex, dice: &mut Dice) -> &'static str {
        let (female, male, _) = self.lists();
        dice.pick_name(if sex == Sex::Female { female } else { male })
    }

    /// Draws a family name, in the form that men bear.
    #[must_use]
    pub fn family(self, dice: &mut Dice) -> &'static str {
        dice.pick_name(self.lists().2)
    }

    /// A family name as a person of that sex bears it: `Kowalska`, `NicLeòid`.
    #[must_use]
    pub fn inflect(self, family: &str, sex: Sex) -> String {
        match (self, sex) {
            (Self::Polish, Sex::Female) => family
                .strip_suffix("ski")
                .map(|stem| format!("{stem}ska"))
                .or_else(|| family.strip_suffix("cki").map(|stem| format!("{stem}cka")))
                .unwrap_or_else(|| family.to_owned()),
            (Self::Gaelic, Sex::Female) => family
                .strip_prefix("Mac")
                .map_or_else(|| family.to_owned(), |rest| format!("Nic{rest}")),
            _ => family.to_owned(),
        }
    }

    /// The language a newcomer of this origin may need an interpreter for, by its name.
    #[must_use]
    pub const fn language(self) -> Option<&'static str> {
        match self {
            Self::Scots | Self::Irish | Self::WestAfrican => None,
            Self::Gaelic => Some("Scottish Gaelic"),
            Self::SouthAsian => Some("Punjabi"),
            Self::Polish => Some("Polish"),
            Self::Chinese => Some("Cantonese"),
            Self::Arabic => Some("Arabic"),
        }
    }

    const fn lists(self) -> (Names, Names, Names) {
        match self {
            Self::Scots => (SCOTS_WOMEN, SCOTS_MEN, SCOTS_FAMILIES),
            Self::Gaelic => (GAELIC_WOMEN, GAELIC_MEN, GAELIC_FAMILIES),
            Self::SouthAsian => (SOUTH_ASIAN_WOMEN, SOUTH_ASIAN_MEN, SOUTH_ASIAN_FAMILIES),
            Self::Polish => (POLISH_WOMEN, POLISH_MEN, POLISH_FAMILIES),
            Self::Chinese => (CHINESE_WOMEN, CHINESE_MEN, CHINESE_FAMILIES),
            Self::WestAfrican => (WEST_AFRICAN_WOMEN, WEST_AFRICAN_MEN, WEST_AFRICAN_FAMILIES),
            Self::Irish => (IRISH_WOMEN, IRISH_MEN, IRISH_FAMILIES),
            Self::Arabic => (ARABIC_WOMEN, ARABIC_MEN, ARABIC_FAMILIES),
        }
    }
}

/// Names parted by a comma and a space, the common ones first.
type Names = &'static str;

const SCOTS_WOMEN: Names = "\
    Margaret, Elizabeth, Anne, Fiona, Karen, Emma, Jean, Catherine, Laura, Susan, Nicola, \
    Claire, Linda, Helen, Sarah, Agnes, Gillian, Alison, Sophie, Olivia, Kirsty, Lynn, Rachel, \
    Heather, Ellie, Grace, Amy, Lorna, Rhona, Shona, Isobel, Moira, Sheena, Wilma, Holly, \
    Freya, Poppy, Rosie, Ruby, Lexi";
const SCOTS_MEN: Names = "\
    James, John, David, William, Robert, Andrew, Thomas, Ian, Alexander, Scott, George, \
    Stuart, Craig, Alan, Kenneth, Ryan, Jack, Daniel, Ross, Kyle, Gordon, Graeme, Colin, Neil, \
    Bruce, Douglas, Keith, Derek, Norman, Malcolm, Lewis, Harris, Logan, Archie, Harry, Leo, \
    Noah, Jude, Blair, Murdo";
const SCOTS_FAMILIES: Names = "\
    Smith, Brown, Wilson, Campbell, Stewart, Thomson, Robertson, Anderson, Scott, Taylor, \
    Murray, Reid, MacDonald, Clark, Walker, Young, Mitchell, Ross, Watson, Morrison, Paterson, \
    Graham, Fraser, Hamilton, Johnston, Gray, Martin, Ferguson, Kerr, Davidson, Simpson, Bell, \
    Duncan, McKenzie, Hunter, Grant, Allan, Black, McLean, MacLeod, Craig, Wallace, Gibson, \
    Crawford, Sinclair, Kennedy, Marshall, Cunningham, Milne, Watt, Sutherland, Burns, Munro, \
    Ritchie, Bruce, Rennie, Farquhar, Gillespie, Auld, Dalgleish, Pringle, Tulloch, Yule";
const GAELIC_WOMEN: Names = "\
    Màiri, Catrìona, Seonaid, Mòrag, Eilidh, Oighrig, Sìne, Ealasaid, Raghnaid, Mairead, \
    Peigi, Beathag";
const GAELIC_MEN: Names = "\
    Iain, Dòmhnall, Alasdair, Ruairidh, Calum, Aonghas, Seumas, Niall, Coinneach, Tormod, \
    Eachann, Lachlann";
const GAELIC_FAMILIES: Names = "\
    MacDhòmhnaill, MacLeòid, MacIlleathain, MacAoidh, MacNèill, MacRath, MacPhàil, MacAmhlaigh";
const SOUTH_ASIAN_WOMEN: Names = "\
    Aisha, Fatima, Priya, Zainab, Sana, Nadia, Rukhsana, Anjali, Simran, Maryam, Shazia, Meera";
const SOUTH_ASIAN_MEN: Names = "\
    Mohammed, Imran, Bilal, Arjun, Tariq, Hassan, Rajesh, Usman, Gurpreet, Asif, Vikram, Zahid";
const SOUTH_ASIAN_FAMILIES: Names = "\
    Ahmed, Singh, Hussain, Khan, Kaur, Ali, Akhtar, Patel, Malik, Iqbal, Sharma, Chaudhry";
const POLISH_WOMEN: Names = "\
    Agnieszka, Katarzyna, Małgorzata, Zofia, Joanna, Łucja, Magdalena, Hanna, Ewa, Bożena";
const POLISH_MEN: Names = "\
    Piotr, Krzysztof, Andrzej, Paweł, Tomasz, Jakub, Michał, Łukasz, Wojciech, Stanisław";
const POLISH_FAMILIES: Names = "\
    Nowak, Kowalski, Wiśniewski, Wójcik, Zieliński, Szymański, Dąbrowski, Mazur, Jabłoński, \
    Żak";
const CHINESE_WOMEN: Names = "\
    Mei Ling, Xiu Ying, Li Na, Wai Fong, Yan, Siu Ming, Hui Min, Jia Yi";
const CHINESE_MEN: Names = "\
    Wei, Kwok Wing, Jian, Chi Ho, Ming, Ka Fai, Zhi Hao, Hon Man";
const CHINESE_FAMILIES: Names = "\
    Chan, Wong, Li, Chen, Lam, Zhang, Cheung, Ho";
const WEST_AFRICAN_WOMEN: Names = "\
    Grace, Ngozi, Adaeze, Blessing, Abena, Folasade, Ifeoma, Akosua";
const WEST_AFRICAN_MEN: Names = "\
    Emmanuel, Chinedu, Kwame, Tunde, Samuel, Emeka, Kofi, Olumide";
const WEST_AFRICAN_FAMILIES: Names = "\
    Okafor, Mensah, Adeyemi, Owusu, Eze, Balogun, Boateng, Nwosu";
const IRISH_WOMEN: Names = "\
    Bridget, Siobhán, Maureen, Aoife, Niamh, Theresa, Ciara, Bernadette, Róisín";
const IRISH_MEN: Names = "\
    Patrick, Liam, Sean, Kevin, Declan, Brendan, Ciarán, Francis, Eoghan";
const IRISH_FAMILIES: Names = "\
    Kelly, Docherty, Gallagher, O'Donnell, Boyle, Murphy, O'Neill, Coyle, McGinley, Sweeney";
const ARABIC_WOMEN: Names = "\
    Layla, Amira, Noor, Huda, Rania";
const ARABIC_MEN: Names = "\
    Omar, Yusuf, Khalid, Samir, Hadi";
const ARABIC_FAMILIES: Names = "\
    Haddad, Al-Masri, Najjar, El Sayed, Khoury";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_hundred() {
        assert_eq!(SHARES.iter().map(|(share, _)| share).sum::<u64>(), 100);
    }

    #[test]
    fn a_family_name_follows_who_bears_it() {
        let check = |origin: Origin, family: &str, woman: &str| {
            assert_eq!(origin.inflect(family, Sex::Female), woman);
            assert_eq!(origin.inflect(family, Sex::Male), family);
        };
        check(Origin::Polish, "Kowalski", "Kowalska");
        check(Origin::Polish, "Zieliński", "Zielińska");
        check(Origin::Polish, "Nowak", "Nowak");
        check(Origin::Gaelic, "MacLeòid", "NicLeòid");
        check(Origin::Scots, "MacLeod", "MacLeod");
    }
}
