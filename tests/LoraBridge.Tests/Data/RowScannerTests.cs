using LoraBridge.Data;

namespace LoraBridge.Tests.Data;

/// <summary>Where one row ends and the next begins, in files that are not as they should be.</summary>
public sealed class RowScannerTests
{
    [Theory]
    [InlineData("[\n1,\n2\n]\n[\n3,\n4\n]\n", "2:1 3:2 6:3 7:4")]
    [InlineData("[1][2]\n\n[3,\n4]", "1:1 1:2 3:3 4:4")]
    [InlineData("{\n}\n\n{ \n\n}", "1:{ } 4:{   }")]
    public void Arrays_and_objects_over_several_lines_are_cut_into_rows(string text, string rows) => Assert.Equal(rows, Rows(text));

    [Theory]
    // A row that lacks its end, one that is whole, and an end too late.
    [InlineData("{\"a\": 1\n{\"b\": 2}\n}", "1:{\"a\": 1 2:{\"b\": 2} 3:}")]
    // A text cannot go on over the end of a line.
    [InlineData("{\"a\": \"x\ny}", "1:{\"a\": \"x 2:y}")]
    // Two rows without their ends, after one another.
    [InlineData("{\"a\": [1,\n{\"b\": 2\n{\"c\": 3}\n{\"d\": 4}", "1:{\"a\": [1, 2:{\"b\": 2 3:{\"c\": 3} 4:{\"d\": 4}")]
    [InlineData("}}\n{\"a\": 1}", "1:}} 2:{\"a\": 1}")]
    public void A_row_without_end_takes_no_other_with_it(string text, string rows) => Assert.Equal(rows, Rows(text));

    [Theory]
    [InlineData("\"12345678\"", "1:\"12345678\"")]
    [InlineData("\"123456789\"", "1:too long")]
    [InlineData("[\"12345678\", \"123456789\"]", "1:\"12345678\" 1:too long")]
    [InlineData("{\n\"a\":\n1\n}", "1:{ \"a\": 1 }")]
    [InlineData("{\n\"a\":\n123\n}", "1:{ 2:\"a\": 3:123 4:}")]
    public void A_row_is_as_long_as_allowed_and_no_longer(string text, string rows) => Assert.Equal(rows, Rows(text, maximumLength: 10));

    private static string Rows(string text, int maximumLength = 1000) => string.Join(
        ' ', new RowScanner(new StringReader(text), maximumLength).ReadRows().Select(row => $"{row.Line}:{row.Text?.Trim().Replace('\n', ' ') ?? "too long"}"));
}
