using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;

namespace LoraBridge.BaseModel.Tests;

public sealed class RowPackerTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    [Fact]
    public void Every_document_is_in_one_row_and_whole()
    {
        Sample[] documents = [Ids(1, 2, 3), Ids(4, 5), Ids(6, 7, 8, 9), Ids(10), Ids(11, 12, 13, 14, 15)];
        var rows = RowPacker.Pack(documents, 5).ToList();
        Assert.Equal([[documents[0], documents[1]], [documents[2], documents[3]], [documents[4]]], rows);
    }

    [Fact]
    public void A_document_longer_than_a_row_is_cut()
    {
        var sample = Assert.Single(Assert.Single(RowPacker.Pack([Ids(1, 2, 3)], 2)));
        Assert.Equal([1, 2], sample.InputIds);
        Assert.Equal([1, 2], sample.Labels);
        Assert.Equal("{\"input_ids\":[1,2],\"labels\":[1,2]}", sample.ToJsonLine());
    }

    [Fact]
    public void Rows_of_the_corpus_are_nearly_full()
    {
        var (rows, context) = (corpus.Set.Rows, corpus.Recipe.Training.Context);
        Assert.All(rows, row => Assert.InRange(row.Sum(sample => sample.Length), 1, context));
        Assert.InRange((double)corpus.Set.TokenCount / (rows.Count * context), 0.93, 1);
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
