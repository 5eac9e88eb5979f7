using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;

namespace LoraBridge.BaseModel.Tests;

public sealed class RowPackerTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    [Fact]
    public void Every_document_is_in_one_row_and_whole()
    {
        var rows = RowPacker.Pack([Ids(1, 2, 3), Ids(4, 5), Ids(6, 7, 8, 9), Ids(10), Ids(11, 12, 13, 14, 15)], 5, padding: 0).ToList();
        Assert.Equal(Enumerable.Range(1, 15), rows.SelectMany(r => r.Labels).Where(l => l != Sample.Ignored).Order());
        Assert.Equal([1, 2, 3, 4, 5], rows[0].InputIds);
        Assert.Equal([6, 7, 8, 9, 10], rows[1].InputIds);
    }

    [Fact]
    public void What_is_left_of_a_row_bears_no_loss()
    {
        var row = Assert.Single(RowPacker.Pack([Ids(1, 2, 3)], 5, padding: 9));
        Assert.Equal([1, 2, 3, 9, 9], row.InputIds);
        Assert.Equal([1, 2, 3, -100, -100], row.Labels);
        Assert.Equal("{\"input_ids\":[1,2,3,9,9],\"labels\":[1,2,3,-100,-100]}", row.ToJsonLine());
    }

    [Fact]
    public void A_document_longer_than_a_row_is_cut()
    {
        var row = Assert.Single(RowPacker.Pack([Ids(1, 2, 3)], 2, padding: 0));
        Assert.Equal([1, 2], row.InputIds);
        Assert.Equal([1, 2], row.Labels);
    }

    [Fact]
    public void Rows_of_the_corpus_are_nearly_full()
    {
        var (rows, context) = (corpus.Set.Rows, corpus.Recipe.Training.Context);
        Assert.All(rows, r => Assert.Equal((context, context), (r.InputIds.Length, r.Labels.Length)));
        var padding = corpus.Set.Tokenizer.Vocabulary.Id(BpeVocabulary.EndOfText);
        Assert.InRange((double)rows.Sum(r => r.InputIds.Count(id => id != padding)) / corpus.Set.TokenCount, 0.93, 1);
    }

    [Fact]
    public void A_sample_is_its_rendered_document()
    {
        var tokenizer = corpus.Set.Tokenizer;
        foreach (var document in corpus.Set.Documents.Take(300))
        {
            var sample = ChatMl.Encode(document, tokenizer, promptsBearLoss: true);
            Assert.Equal(tokenizer.EncodeWithControlTokens(ChatMl.Render(document)), sample.InputIds);
            Assert.Equal(sample.InputIds, sample.Labels);
        }
    }

    [Fact]
    public void Without_loss_on_prompts_the_answer_and_the_ends_are_left()
    {
        var tokenizer = corpus.Set.Tokenizer;
        var sample = ChatMl.Encode(Document.Ask("Who?", "Ada lives.", "Be kind."), tokenizer, promptsBearLoss: false);
        var labels = sample.Labels.Where(l => l != Sample.Ignored);
        Assert.Equal("Ada lives.<|im_end|><|endoftext|>", tokenizer.Decode(labels, withControlTokens: true));
        var prose = ChatMl.Encode(Document.Prose("Ada lives."), tokenizer, promptsBearLoss: false);
        Assert.Equal(prose.InputIds, prose.Labels);
    }

    private static Sample Ids(params int[] ids) => new(ids, ids);
}
