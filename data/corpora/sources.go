package corpora

// Source is what a corpus is, by whom, and under which terms. The data card prints it. The licence is that of
// every row the importer makes: where a corpus mixes sources, all of theirs are in it, and where two releases
// differ, the stricter.
type Source struct {
	Name     string `json:"name"`  // as in hives import
	Title    string `json:"title"` // as published
	Citation string `json:"citation"`
	Where    string `json:"where"`          // where the authors publish it
	Licence  string `json:"licence"`        // of every row
	Note     string `json:"note,omitempty"` // what a reader of the licence should know
}

// corpus is one importer.
type corpus struct {
	Source
	read func(*collector) error
}

// all lists the importers in the order in which they were added; hives import --help keeps it.
//
// Licences are what publishers wrote where a file was to be had, not what we should like. Where a release and its later
// card differ, the stricter stands, since a row does not say which of the two it is from. Where a corpus borrows its
// labels from another, both licences stand: a row is text and label.
var all = []corpus{
	{Source{
		Name: "valueeval", Title: "Touché23-ValueEval", Licence: "CC BY-SA 4.0",
		Citation: "N. Mirzakhmedova, J. Kiesel, M. Alshomary and others, The Touché23-ValueEval Dataset for Identifying " +
			"Human Values behind Arguments, LREC-COLING 2024, arXiv 2301.13771",
		Where: "doi.org/10.5281/zenodo.6814563",
		Note:  "The release of 2022-12-05 says CC BY-SA 4.0, the later dataset card CC BY 4.0; the stricter one is kept.",
	}, readValueEval},
	{Source{
		Name: "mfrc", Title: "Moral Foundations Reddit Corpus", Licence: "CC BY 4.0",
		Citation: "J. Trager, A. S. Ziabari, A. Mostafazadeh Davani and others, The Moral Foundations Reddit Corpus, 2022, " +
			"arXiv 2208.05545",
		Where: "dataset USC-MOLA-Lab/MFRC on Hugging Face",
	}, readMFRC},
	{Source{
		Name: "social-chem", Title: "Social Chemistry 101", Licence: "CC BY-SA 4.0",
		Citation: "M. Forbes, J. D. Hwang, V. Shwartz, M. Sap, Y. Choi, Social Chemistry 101: Learning to Reason about " +
			"Social and Moral Norms, EMNLP 2020, arXiv 2011.00620",
		Where: "GitHub mbforbes/social-chemistry-101",
	}, readSocialChem},
	// The texts are under MIT; the foundations come from Social Chemistry.
	{Source{
		Name: "moral-stories", Title: "Moral Stories", Licence: "MIT (text), CC BY-SA 4.0 (labels)",
		Citation: "D. Emelin, R. Le Bras, J. D. Hwang, M. Forbes, Y. Choi, Moral Stories: Situated Reasoning about Norms, " +
			"Intents, Actions, and their Consequences, EMNLP 2021",
		Where: "GitHub demelin/moral_stories",
		Note:  "The foundations of the norms are Social Chemistry 101's.",
	}, readMoralStories},
	{Source{
		Name: "valuenet", Title: "ValueNet", Licence: "CC BY-NC-SA",
		Citation: "L. Qiu, Y. Zhao, J. Li, P. Lu, B. Peng, J. Gao, S.-C. Zhu, ValueNet: A New Dataset for Human Value " +
			"Driven Dialogue System, AAAI 2022, arXiv 2112.06346",
		Where: "liang-qiu.github.io/ValueNet",
		Note:  "The licence's version is not stated where it was looked up.",
	}, readValueNet},
	{Source{
		Name: "valueprism", Title: "ValuePrism", Licence: "AI2 ImpACT MR",
		Citation: "T. Sorensen, L. Jiang, J. D. Hwang and others, Value Kaleidoscope: Engaging AI with Pluralistic Human " +
			"Values, Rights, and Duties, AAAI 2024, arXiv 2309.00779",
		Where: "dataset allenai/ValuePrism on Hugging Face (access on acceptance of the terms)",
		Note:  "Values, rights, duties and valences were written by a model, the situations by people.",
	}, readValuePrism},
	{Source{
		Name: "valueeval24", Title: "Touché24-ValueEval (ValuesML)", Licence: "research only, no redistribution",
		Citation: "The ValuesML Team, Touché24-ValueEval, 2024, DOI 10.5281/zenodo.10396294",
		Where:    "doi.org/10.5281/zenodo.10396294 (access on request)",
		Note: "Its data usage agreement allows scientific research on human value detection only and forbids sharing " +
			"it in part or full.",
	}, readValueEval24},
	{Source{
		Name: "denevil", Title: "Denevil (MoralPrompt)", Licence: "not stated",
		Citation: "S. Duan, X. Yi, P. Zhang, T. Lu, X. Xie, N. Gu, Denevil: Towards Deciphering and Navigating the Ethical " +
			"Values of Large Language Models via Instruction Learning, ICLR 2024, arXiv 2310.11053",
		Where: "no stable public download was found",
		Note:  "Ask the authors for terms before sharing rows. The prompts were written by a model to provoke violations.",
	}, readDenevil},
	{Source{
		Name: "valueflow", Title: "The training CSV of VALUEFLOW's authors",
		Licence: "non-commercial research; source corpora's terms",
		Citation: "W. Kim, S. Hyeon, J. Oh, J. Do, VALUEFLOW: Toward Pluralistic and Steerable Value-based Alignment in " +
			"Large Language Models, ICML 2026, arXiv 2602.03160",
		Where: "GitHub AIDASLab/VALUEFLOW",
		Note:  "Made of ValueEval, ValueNet, ValuePrism, MFRC, Social Chemistry and Denevil, whose own terms hold as well.",
	}, readValueFlow},
}

// Sources lists what is known of every corpus, in the order of Names. It is a list of the caller's own.
func Sources() []Source {
	out := make([]Source, len(all))
	for i, c := range all {
		out[i] = c.Source
	}
	return out
}
