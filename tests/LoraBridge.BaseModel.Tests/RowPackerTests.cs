using LoraBridge.Examples.BaseModel.Tokenizer;

namespace LoraBridge.BaseModel.Tests;

public sealed class RowPackerTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    [Fact]
    public void Every_document_is_in_one_row_and_whole()
    {
        int[][] documents = [[1, 2, 3], [4, 5], [6, 7, 8, 9], [10], [11, 12, 13, 14, 15]];
        var rows = RowPacker.Pack(documents, 5, padding: 0).ToList();
        Assert.Equal(Enumerable.Range(1, 15), rows.SelectMany(r => r.Labels).Where(l => l != RowPacker.Ignored).Order());
        Assert.Equal([1, 2, 3, 4, 5], rows[0].InputIds);
        Assert.Equal([6, 7, 8, 9, 10], rows[1].InputIds);
    }

    [Fact]
    public void What_is_left_of_a_row_bears_no_loss()
    {
        var row = Assert.Single(RowPacker.Pack([[1, 2, 3]], 5, padding: 9));
        Assert.Equal([1, 2, 3, 9, 9], row.InputIds);
        Assert.Equal([1, 2, 3, -100, -100], row.Labels);
        Assert.Equal("{\"input_ids\":[1,2,3,9,9],\"labels\":[1,2,3,-100,-100]}", row.ToJsonLine());
    }

    [Fact]
    public void A_document_longer_than_a_row_is_cut() =>
        Assert.Equal([1, 2], Assert.Single(RowPacker.Pack([[1, 2, 3]], 2, padding: 0)).InputIds);

    [Fact]
    public void Rows_of_the_corpus_are_nearly_full_and_start_with_a_document()
    {
        var (rows, context) = (corpus.Set.Rows, corpus.Recipe.Training.Context);
        Assert.All(rows, r => Assert.Equal((context, context), (r.InputIds.Length, r.Labels.Length)));
        Assert.InRange((double)corpus.Set.TokenCount / rows.Count / context, 0.93, 1);
        Assert.All(rows, r => Assert.NotEqual(RowPacker.Ignored, r.Labels[0]));
    }
}
