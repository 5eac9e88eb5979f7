using System.IO.Compression;
using System.Text;
using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Data;

/// <summary>Files that are damaged, or say things twice, in another way than the rest, or of which nothing comes of a part: all of it is said.</summary>
public sealed class DatasetFaultTests : IDisposable
{
    private const string Row = """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_packed_file_that_is_cut_off_anywhere_is_refused_by_name()
    {
        var packed = Pack(string.Concat(Enumerable.Repeat(Row + "\n", 40)));
        Assert.Empty(Problems(packed));
        Assert.Empty(Problems([.. packed, .. packed]));
        for (var length = 2; length < packed.Length; length++)
        {
            var exception = Assert.Throws<InvalidDataException>(() => Problems(packed[..length]));
            Assert.Contains("a.jsonl.gz", exception.Message, StringComparison.Ordinal);
            Assert.True(TrainingDataset.IsAboutData(exception));
        }
        Assert.Throws<InvalidDataException>(() => Problems([.. packed, 0, 0, 0]));
        packed[^6] ^= 1;
        Assert.Throws<InvalidDataException>(() => Problems(packed));

        IReadOnlyList<DatasetProblem> Problems(byte[] bytes)
        {
            File.WriteAllBytes(_folder["a.jsonl.gz"], bytes);
            return TrainingDataset.FromFile(_folder["a.jsonl.gz"]).Validate(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_large_packed_file_is_read_to_its_last_byte()
    {
        var random = new Random(1);
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(_ => (char)('a' + random.Next(26))));
        File.WriteAllBytes(_folder["a.txt.gz"], Pack(text));
        Assert.Equal(text, string.Concat(TrainingDataset.FromFile(_folder["a.txt.gz"]).Read(new DatasetReport(DatasetReadOptions.Default)).Cast<TextSample>().Select(sample => sample.Text)));
    }

    [Fact]
    public void A_text_without_lines_is_cut_between_characters()
    {
        File.WriteAllText(_folder["a.txt"], "x" + string.Concat(Enumerable.Repeat("😀", 200_000)));
        var samples = TrainingDataset.FromFile(_folder["a.txt"]).Read(new DatasetReport(DatasetReadOptions.Default)).Cast<TextSample>().ToList();
        Assert.True(samples.Count > 1);
        Assert.All(samples, sample => Assert.False(char.IsHighSurrogate(sample.Text[^1])));
    }

    [Theory]
    [InlineData("""{"text": "a", "text": "b"}""", "Duplicate property 'text'")]
    [InlineData("""{"text": "a", "te\u0078t": "b"}""", "Duplicate property 'text'")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "b", "content": "c"}]}""", "Duplicate property 'content'")]
    [InlineData("""{"\ud83d": 1, "text": "a"}""", "surrogate")]
    [InlineData("""{"text": "\ud83d"}""", "surrogate")]
    [InlineData("""{"text": "a",}""", "(at byte 14 of line 1)")]
    [InlineData("{\n\"text\":\n a\n}", "of line 3)")]
    [InlineData("""{"prompt": "p", "completion": " "}""", "'completion' is empty")]
    [InlineData("""{"messages": "a"}""", "must be an array, found string")]
    [InlineData("""{"input_ids": ["1"]}""", "no 32-bit integer")]
    [InlineData("""{"input_ids": [1, 2], "position_ids": [0]}""", "'position_ids' 1")]
    public void What_is_wrong_with_a_row_is_said_and_the_next_is_read(string row, string reason)
    {
        // A first row that is used, whatever the layout of the one in question.
        var first = row.Contains("prompt", StringComparison.Ordinal) ? """{"prompt": "p", "completion": "c"}"""
            : row.Contains("messages", StringComparison.Ordinal) ? Row
            : row.Contains("input_ids", StringComparison.Ordinal) ? """{"input_ids": [1, 2]}"""
            : """{"text": "x"}""";
        var (samples, problems) = Read($"{row}\n{first}\n{first}");
        var problem = Assert.Single(problems);
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
        Assert.True(problem.IsSkipped);
        Assert.Equal(2, samples.Count);
    }

    [Fact]
    public void A_row_of_another_layout_than_the_first_is_named_as_such()
    {
        var (samples, problems) = Read(Row + "\n{\"text\": \"x\"}\n" + Row);
        Assert.Equal([1L, 3L], samples.Select(sample => sample.Source.Line));
        Assert.Contains("laid out as Text, the file's first one as ChatMessages", Assert.Single(problems).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("laid out", Assert.Single(Read(Row + "\n{\"messages\": []}").Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_item_that_is_missing_from_an_array_is_a_bad_row()
    {
        var (samples, problems) = Read($"[{Row},,{Row}, ]");
        Assert.Equal(2, samples.Count);
        Assert.Contains("no row between two commas", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_appended_to_one_another_keep_their_byte_order_marks_without_harm()
    {
        var (samples, problems) = Read($"\uFEFF{Row}\n\uFEFF{Row}\n\n \uFEFF{Row}\n");
        Assert.Equal([1L, 2L, 4L], samples.Select(sample => sample.Source.Line));
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "Assistant", "content": "b"}]}""", "the role 'Assistant'")]
    [InlineData("""{"messages": [{"role": "human", "content": "a"}, {"role": "assistant", "content": "b"}]}""", "the role 'human'")]
    [InlineData("""{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "s", "system_prompt": "t"}""", "'system_prompt' of the row")]
    [InlineData("""{"conversations": [{"from": "human", "value": "a", "content": "c"}, {"from": "gpt", "value": "b"}]}""", "'content' of a turn")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "b", "reasoning_content": "x", "thinking": "y"}]}""", "'thinking' of a turn says something else")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "b", "tool_calls": [{"id": "1"}], "function_call": {"name": "f"}}]}""", "'function_call'")]
    [InlineData("""{"text": "a film", "label": 1}""", "'label' of the row")]
    [InlineData("""{"prompt": "p", "completion": "c", "label": false}""", "'label' of the row")]
    [InlineData("""{"input_ids": [5, 6, 7, 8], "position_ids": [0, 1, 0, 1]}""", "'position_ids'")]
    [InlineData("""{"input_ids": [5, 6, 7, 8], "token_type_ids": [0, 0, 1, 1]}""", "'token_type_ids'")]
    public void What_is_not_used_of_a_row_is_named(string row, string named)
    {
        var (samples, _) = Read(row);
        Assert.Contains(named, Assert.Single(Assert.Single(samples).Losses), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "ipython", "content": "1"}, {"role": "developer", "content": "d"}]}""")]
    [InlineData("""{"conversations": [{"from": "human", "value": "a", "role": "user"}, {"from": "gpt", "value": "b"}], "system_prompt": "t"}""")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "b", "reasoning_content": "x", "thinking": "x", "reasoning": ""}]}""")]
    [InlineData("""{"input_ids": [0, 5, 6], "attention_mask": [0, 1, 1], "position_ids": [1, 0, 1], "token_type_ids": [1, 0, 0]}""")]
    public void What_is_used_or_said_twice_is_no_loss(string row) => Assert.Empty(Assert.Single(Read(row).Samples).Losses);

    [Fact]
    public void Thoughts_under_a_later_name_are_read_where_an_earlier_one_is_empty()
    {
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read("""{"messages": [{"role": "assistant", "content": "b", "reasoning_content": "", "thinking": "y"}]}""").Samples)).Chat;
        Assert.Equal("y", chat[0].Reasoning);
    }

    [Fact]
    public void Thoughts_beside_the_content_and_within_it_are_put_together()
    {
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read("""{"messages": [{"role": "assistant", "reasoning_content": "x", "content": [{"type": "thinking", "thinking": "y"}, "b"]}]}""").Samples)).Chat;
        Assert.Equal(("xy", "b"), (chat[0].Reasoning, chat[0].Content));
    }

    [Fact]
    public void Lists_of_no_tools_or_calls_are_none()
    {
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read("""{"tools": [], "messages": [{"role": "assistant", "content": "b", "tool_calls": []}]}""").Samples)).Chat;
        Assert.Null(chat.Tools);
        Assert.Null(chat[0].ToolCalls);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_encoding_is_what_the_byte_order_mark_says(int which)
    {
        Encoding encoding = which == 0 ? new UnicodeEncoding() : new UTF32Encoding();
        File.WriteAllText(_folder["a.jsonl"], """{"text": "Grüße"}""", encoding);
        Assert.Equal("Grüße", Assert.IsType<TextSample>(Assert.Single(TrainingDataset.FromFile(_folder["a.jsonl"]).Read(new DatasetReport(DatasetReadOptions.Default)))).Text);
    }

    private (List<RawSample> Samples, IReadOnlyList<DatasetProblem> Problems) Read(string content)
    {
        File.WriteAllText(_folder["a.jsonl"], content);
        var report = new DatasetReport(DatasetReadOptions.Default);
        return ([.. TrainingDataset.FromFile(_folder["a.jsonl"]).Read(report)], report.Problems);
    }

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
