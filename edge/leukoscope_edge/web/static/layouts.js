// Where the keys lie: for each language of the page its rows, plain and shifted.

const DIGITS = "1 2 3 4 5 6 7 8 9 0";
const upper = (rows) => rows.map((row) => row.toLocaleUpperCase());
const latin = (...rows) => [[DIGITS, ...rows], [DIGITS, ...upper(rows)]];

export const PAD = ["12345", "67890", ""];
export const SIGNS = [DIGITS, "- _ . , : ; / ( ) +", "' \" @ # & * = % ? !"];
export const layouts = {
  en: latin("q w e r t y u i o p", "a s d f g h j k l", "z x c v b n m -"),
  fr: latin("a z e r t y u i o p", "q s d f g h j k l m", "w x c v b n é è à ç", "ê ë î ï ô û ù â - '"),
  es: latin("q w e r t y u i o p", "a s d f g h j k l ñ", "z x c v b n m á é í", "ó ú ü - '"),
  ar: [
    [DIGITS, "ض ص ث ق ف غ ع ه خ ح ج د", "ش س ي ب ل ا ت ن م ك ط", "ئ ء ؤ ر ى ة و ز ظ ذ -"],
    ["١ ٢ ٣ ٤ ٥ ٦ ٧ ٨ ٩ ٠", "َ ً ُ ٌ ِ ٍ ّ ْ", "أ إ آ لا لأ لإ", "، ؛ ؟ ـ"],
  ],
  hi: [
    [DIGITS, "ौ ै ा ी ू ब ह ग द ज ड", "ो े ् ि ु प र क त च ट", "ं म न व ल स य , . -"],
    ["१ २ ३ ४ ५ ६ ७ ८ ९ ०", "औ ऐ आ ई ऊ भ ङ घ ध झ ढ ञ", "ओ ए अ इ उ फ ऱ ख थ छ ठ", "ँ ण न ळ श ष ः ऋ ऑ ृ ़ ।"],
  ],
};
