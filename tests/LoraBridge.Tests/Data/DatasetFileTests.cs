using System.IO.Compression;
using System.Text;
using LoraBridge.Data;
using LoraBridge.Finetuning;

namespace LoraBridge.Tests.Data;

public sealed class DatasetFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lorabridge-data-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "u"}]}, {"role": "assistant", "content": "a"}]}""", "system:s user:u assistant:a")]
    [InlineData("""{"conversations": [{"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}, {"from": "observation", "value": "o"}], "system": "s"}""", "system:s user:u assistant:a tool:o")]
    [InlineData("""{"conversations": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}""", "user:u assistant:a")]
    [InlineData("""{"instruction": "i", "input": "x", "output": "o"}""", "user:i\n\nx assistant:o")]
    [InlineData("""{"instruction": "i", "input": "", "output": "o"}""", "user:i assistant:o")]
    [InlineData("""{"prompt": [{"role": "user", "content": "u"}], "completion": [{"role": "assistant", "content": "a"}]}""", "user:u assistant:a")]
    public void Conversations_are_read_from_each_layout(string row, string expected)
    {
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read(Write("a.jsonl", row)))).Chat;
        Assert.Equal(expected, string.Join(' ', chat.Select(message => $"{message.Role}:{message.Content}")));
    }

    [Fact]
    public void Tools_calls_and_reasoning_are_kept()
    {
        const string Row = """
            {"tools": "[{\"type\": \"function\"}]", "messages": [{"role": "assistant", "content": null, "thinking": "why", "tool_calls": [{"id": "1"}]}, {"role": "tool", "content": "r", "tool_call_id": "1", "name": "n"}]}
            """;
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read(Write("a.jsonl", Row)))).Chat;
        Assert.Equal("""[{"type": "function"}]""", chat.Tools);
        Assert.Equal(("""[{"id": "1"}]""", "why", ""), (chat[0].ToolCalls, chat[0].Reasoning, chat[0].Content));
        Assert.Equal(("1", "n"), (chat[1].ToolCallId, chat[1].Name));
    }

    [Fact]
    public void A_function_call_of_share_gpt_becomes_a_tool_call()
    {
        var path = Write("a.json", """[{"conversations": [{"from": "function_call", "value": "{\"name\": \"f\"}"}]}]""");
        var chat = Assert.IsType<ChatSample>(Assert.Single(Read(path))).Chat;
        Assert.Equal("""[{"type": "function", "function": {"name": "f"}}]""", chat[0].ToolCalls);
    }

    [Fact]
    public void Completions_texts_and_tokens_are_read()
    {
        var completion = Assert.IsType<CompletionSample>(Assert.Single(Read(Write("a.jsonl", """{"prompt": "p", "completion": "c"}"""))));
        Assert.Equal(("p", "c"), (completion.Prompt, completion.Completion));
        Assert.Equal("t", Assert.IsType<TextSample>(Assert.Single(Read(Write("b.jsonl", """{"text": "t"}""")))).Text);
        var tokens = Assert.IsType<TokenSample>(Assert.Single(Read(Write("c.jsonl", """{"input_ids": [1, 2], "labels": [-100, 2]}"""))));
        Assert.Equal([1, 2], tokens.Tokens);
        Assert.Equal([-100, 2], tokens.Labels!);
    }

    [Theory]
    [InlineData("a.jsonl", "{\"text\": \"1\"}\n\n{\"text\": \"2\"}\r\n{\"text\": \"3\"}")]
    [InlineData("a.json", "[{\"text\": \"1\"}, {\"text\": \"2\"},\n {\n\"text\": \"3\"}\n]")]
    [InlineData("unnamed", "  [{\"text\": \"1\"}, {\"text\": \"2\"}, {\"text\": \"3\"}]")]
    [InlineData("unnamed", "\uFEFF{\"text\": \"1\"}\n{\"text\": \"2\"}\n{\"text\": \"3\"}\n")]
    public void Lines_and_arrays_are_the_same_with_and_without_gzip(string name, string content)
    {
        var plain = Write(name, content);
        var packed = Write(name + ".packed", content, compress: true);
        foreach (var path in new[] { plain, packed })
            Assert.Equal(["1", "2", "3"], Read(path).Cast<TextSample>().Select(sample => sample.Text));
    }

    [Fact]
    public void Brackets_inside_strings_do_not_end_an_item()
    {
        var path = Write("a.json", """[{"text": "a]},\"["}, {"text": "\\"}]""");
        Assert.Equal(["a]},\"[", "\\"], Read(path).Cast<TextSample>().Select(sample => sample.Text));
    }

    [Fact]
    public void A_bad_row_is_reported_with_its_line_and_the_others_are_read()
    {
        var path = Write("a.jsonl", "{\"text\": \"1\"}\n{broken\n{\"txt\": 2}\n{\"text\": 3}\n[1]\n{\"text\": \"\\ud83d\"}\n{\"text\": \"4\"}\n");
        var report = new DatasetReport(DatasetReadOptions.Default);
        var samples = TrainingDataset.FromFile(path).Read(report).ToList();

        Assert.Equal([1L, 7L], samples.Select(sample => sample.Source.Line));
        Assert.Equal([2L, 3L, 4L, 5L, 6L], report.Problems.Select(problem => problem.Line));
        Assert.All(report.Problems, problem => Assert.Equal(path, problem.Source));
        Assert.Contains("'text' is missing", report.Problems[1].Message);
        Assert.Contains("'text' must be a string, found number", report.Problems[2].Message);
    }

    [Fact]
    public void A_bad_item_of_an_array_is_reported_with_its_line()
    {
        var problem = Assert.Single(TrainingDataset.FromFile(Write("a.json", "[\n{\"text\": \"1\"},\n{\"text\" 2},\n{\"text\": \"3\"}]")).Validate(TestContext.Current.CancellationToken));
        Assert.Equal(3, problem.Line);
    }

    [Theory]
    [InlineData("""{"messages": []}""", "'messages' is empty")]
    [InlineData("""{"messages": [{"content": "x"}]}""", "'role' is missing")]
    [InlineData("""{"messages": [{"role": "user"}]}""", "neither 'content' nor 'tool_calls'")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", "only text")]
    [InlineData("""{"conversations": [{"from": "robot", "value": "x"}]}""", "'from' is 'robot'")]
    [InlineData("""{"instruction": "x", "output": 3}""", "'output' must be a string")]
    [InlineData("""{"input_ids": [1, 2], "labels": [1]}""", "'input_ids' has 2 items, 'labels' 1")]
    [InlineData("""{"input_ids": [1.5]}""", "no 32-bit integer")]
    [InlineData("""{"nothing": 1}""", "none of the known fields")]
    public void The_reason_is_spelt_out(string row, string reason) =>
        Assert.Contains(reason, Assert.Single(TrainingDataset.FromFile(Write("a.jsonl", row)).Validate(TestContext.Current.CancellationToken)).Message);

    [Fact]
    public void Strict_reading_ends_at_the_first_bad_row()
    {
        var path = Write("a.jsonl", "{\"text\": \"1\"}\nbroken\n");
        var exception = Assert.Throws<InvalidDataException>(() => TrainingDataset.FromFile(path, new DatasetReadOptions { Strict = true }).Validate(TestContext.Current.CancellationToken));
        Assert.Contains("line 2", exception.Message);
        Assert.Contains(path, exception.Message);
    }

    [Fact]
    public void Problems_are_bounded_but_all_counted()
    {
        var options = new DatasetReadOptions { MaximumProblems = 2, MaximumRowLength = 10 };
        var report = new DatasetReport(options);
        var path = Write("a.jsonl", "x\ny\nz\n{\"text\": \"" + new string('a', 100) + "\"}\n");
        Assert.Empty(TrainingDataset.FromFile(path, options).Read(report));
        Assert.Equal((2, 4L), (report.Problems.Count, report.SkippedCount));
    }

    [Fact]
    public void Plain_text_is_one_document_however_long()
    {
        var text = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"line {i} é😀\n"));
        var samples = Read(Write("a.txt", text)).Cast<TextSample>().ToList();
        Assert.True(samples.Count > 1);
        Assert.Equal(text, string.Concat(samples.Select(sample => sample.Text)));
        Assert.Equal([true, .. Enumerable.Repeat(false, samples.Count - 1)], samples.Select(sample => sample.IsStart));
        Assert.Equal([.. Enumerable.Repeat(false, samples.Count - 1), true], samples.Select(sample => sample.IsEnd));
        Assert.Equal(text[..text.IndexOf(samples[1].Text, StringComparison.Ordinal)].Count(c => c == '\n') + 1, samples[1].Source.Line);
    }

    [Fact]
    public void A_file_that_cannot_be_read_at_all_is_refused()
    {
        Assert.Throws<FileNotFoundException>(() => TrainingDataset.FromFile(Path.Combine(_folder, "none.jsonl")));
        Assert.Throws<ArgumentException>(() => TrainingDataset.FromFile(" "));
        Assert.Throws<InvalidDataException>(() => TrainingDataset.FromFile(Write("a.json", "[{\"text\": \"1\"}")).Validate(TestContext.Current.CancellationToken));
        var path = Path.Combine(_folder, "latin.jsonl");
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes("{\"text\": \"é\"}"));
        Assert.Contains("UTF-8", Assert.Throws<InvalidDataException>(() => TrainingDataset.FromFile(path).Validate(TestContext.Current.CancellationToken)).Message);
    }

    private static List<RawSample> Read(string path) => [.. TrainingDataset.FromFile(path).Read(new DatasetReport(new DatasetReadOptions { Strict = true }))];

    private string Write(string name, string content, bool compress = false)
    {
        var path = Path.Combine(_folder, name);
        using var file = File.Create(path);
        using var stream = compress ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
        stream.Write(Encoding.UTF8.GetBytes(content));
        return path;
    }
}
