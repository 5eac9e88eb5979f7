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

    [Theory]
    [InlineData("[{\"text\": \"1\"}]\n[{\"text\": \"2\"}, {\"text\": \"3\"}]\n")]
    [InlineData("[{\"text\": \"1\"}]{\"text\": \"2\"}\n{\"text\": \"3\"}")]
    [InlineData("{\"text\": \"1\"}\n[{\"text\": \"2\"}, {\"text\": \"3\"}]\n")]
    [InlineData("[]\n{\"text\": \"1\"}\n[]\n{\"text\": \"2\"}\n{\"text\": \"3\"}\n")]
    [InlineData("{\n  \"text\":\n    \"1\"\n}\n{\"text\": \"2\"}\n{\n\"text\": \"3\"\n}")]
    [InlineData("{\"meta\": [\n{\n\"a\": 1\n}\n],\n\"text\": \"1\"}\n{\"text\": \"2\"}\n{\"text\": \"3\"}\n")]
    public void Rows_after_an_array_and_objects_over_several_lines_are_read(string content) =>
        Assert.Equal(["1", "2", "3"], Read(Write("a.json", content)).Cast<TextSample>().Select(sample => sample.Text));

    [Theory]
    [InlineData("[{\"text\": \"1\"}]\nrest\n", 2)]
    [InlineData("[{\"text\": \"1\"}], {\"text\": \"2\"}", 1)]
    [InlineData("{\"text\": \"1\"}\n{\"text\": [\n1,\n", 2)]
    [InlineData("{\"text\": \"1\"}\n{\"text\": \"2\n\"}\n", 2)]
    public void What_follows_and_is_no_row_is_reported_with_its_line(string content, long line)
    {
        var problems = TrainingDataset.FromFile(Write("a.json", content)).Validate(TestContext.Current.CancellationToken);
        Assert.Equal(line, problems[0].Line);
    }

    [Fact]
    public void A_row_that_is_never_closed_takes_no_other_with_it()
    {
        var path = Write("a.jsonl", "{\"text\": [1,\n{\"text\": \"2\"}\n{\"text\": \"3\"}\n");
        var report = new DatasetReport(DatasetReadOptions.Default);
        Assert.Equal([2L, 3L], TrainingDataset.FromFile(path).Read(report).Select(sample => sample.Source.Line));
        Assert.Equal(1, Assert.Single(report.Problems).Line);
    }

    [Theory]
    [InlineData("\"weight\": 0", "\"weight\": 1")]
    [InlineData("\"train\": false", "\"train\": true")]
    [InlineData("\"loss\": false", "\"loss\": null")]
    [InlineData("\"train_on_turn\": 0.0", "\"train_on_turn\": 1.0")]
    [InlineData("\"trainable\": \"false\"", "\"trainable\": \"true\"")]
    [InlineData("\"weight\": 0, \"train\": true", "\"x\": null")]
    public void Switches_of_turns_are_obeyed(string off, string on)
    {
        var messages = Chat($$"""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", {{off}}}, {"role": "assistant", "content": "c", {{on}}}]}""");
        var turns = Chat($$"""{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b", {{off}}}, {"from": "gpt", "value": "c", {{on}}}]}""");
        Assert.Equal([1], messages.Given);
        Assert.Equal([1], turns.Given);
        Assert.Empty(messages.Losses);
    }

    [Theory]
    [InlineData("\"weight\": 0.5", "counts as 1")]
    [InlineData("\"mask\": \"x\"", "'mask'")]
    public void Switches_that_cannot_be_obeyed_are_a_problem(string field, string said) =>
        Assert.Contains(said, Assert.Single(Chat($$"""{"messages": [{"role": "assistant", "content": "b", {{field}}}]}""").Losses), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"much\"")]
    [InlineData("-1")]
    [InlineData("1e999")]
    [InlineData("[]")]
    public void A_switch_of_another_kind_or_of_the_user_is_a_problem(string weight)
    {
        var path = Write("a.jsonl", $$"""{"messages": [{"role": "assistant", "content": "b", "weight": {{weight}}}]}""");
        Assert.Contains("'weight' of a turn", Assert.Single(TrainingDataset.FromFile(path).Validate(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        var user = Chat("""{"messages": [{"role": "user", "content": "a", "train": true}, {"role": "assistant", "content": "b"}]}""");
        Assert.Contains("role 'user'", Assert.Single(user.Losses), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "P"}, {"role": "user", "content": "c"}], "completion": [{"role": "assistant", "content": "b"}]}""", new[] { 1 })]
    [InlineData("""{"prompt": [{"role": "assistant", "content": "P"}], "completion": [{"role": "assistant", "content": "b"}, {"role": "assistant", "content": "d"}]}""", new[] { 0 })]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}], "completion": "b"}""", new int[0])]
    [InlineData("""{"prompt": "a", "completion": [{"role": "assistant", "content": "b"}]}""", new int[0])]
    public void Turns_of_the_prompt_are_given(string row, int[] given) => Assert.Equal(given, Chat(row).Given);

    [Fact]
    public void Earlier_rounds_of_alpaca_become_turns()
    {
        var chat = Chat("""{"instruction": "now", "input": "", "output": "b", "history": [["q1", "a1"], ["q2", "a2"]], "system": "S", "text": "S q1 a1 q2 a2 now b"}""");
        Assert.Equal("system:S user:q1 assistant:a1 user:q2 assistant:a2 user:now assistant:b", string.Join(' ', chat.Chat.Select(message => $"{message.Role}:{message.Content}")));
        Assert.Empty(chat.Losses);
        Assert.Empty(chat.Given);
        Assert.Equal(2, Chat("""{"instruction": "now", "output": "b", "history": null}""").Chat.Count);
        Assert.Contains("'history'", Assert.Single(TrainingDataset.FromFile(Write("b.jsonl", """{"instruction": "i", "output": "o", "history": [["q"]]}""")).Validate(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"instruction": "i", "output": "o", "context": "c"}""", "'context' of the row")]
    [InlineData("""{"messages": [{"role": "user", "content": "u"}], "documents": [{"a": 1}]}""", "'documents' of the row")]
    [InlineData("""{"messages": [{"role": "user", "content": "u", "images": ["x"]}]}""", "'images' of a turn")]
    [InlineData("""{"conversations": [{"from": "human", "value": "u", "knowledge": "k"}]}""", "'knowledge' of a turn")]
    [InlineData("""{"prompt": "p", "completion": "c", "rejected": "r"}""", "'rejected' of the row")]
    [InlineData("""{"text": "t", "summary": "s"}""", "'summary' of the row")]
    [InlineData("""{"input_ids": [1], "weights": [1.5]}""", "'weights' of the row")]
    [InlineData("""{"messages": [{"role": "user", "content": "u"}], "weight": 0}""", "'weight' of the row")]
    public void Fields_that_say_something_and_are_not_understood_are_a_problem(string row, string named)
    {
        var path = Write("a.jsonl", row + "\n" + row);
        var problem = Assert.Single(TrainingDataset.FromFile(path).Validate(TestContext.Current.CancellationToken));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
        Assert.False(problem.IsSkipped);
        Assert.Throws<InvalidDataException>(() => TrainingDataset.FromFile(path, new DatasetReadOptions { Strict = true }).Validate(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "u", "id": "1"}], "id": "x", "source": "web", "prompt_id": "y", "tags": ["a"], "n": 3, "flag": true, "empty": "", "none": null, "list": [], "_note": "n", "prompt": "u"}""")]
    [InlineData("""{"text": "t", "meta": {"set": "Pile"}, "url": "u"}""")]
    public void Books_kept_about_a_row_are_no_problem(string row) =>
        Assert.Empty(TrainingDataset.FromFile(Write("a.jsonl", row)).Validate(TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("""{"input_ids": [5, 6, 7, 0], "attention_mask": [1, 1, 1, 0]}""", new[] { 5, 6, 7 }, null)]
    [InlineData("""{"input_ids": [0, 5, 6], "attention_mask": [0, 1, 1], "labels": [-100, -100, 6]}""", new[] { 5, 6 }, new[] { -100, 6 })]
    [InlineData("""{"input_ids": [5, 6, 7], "loss_mask": [0, 0, 1]}""", new[] { 5, 6, 7 }, new[] { -100, -100, 7 })]
    [InlineData("""{"input_ids": [5, 6, 7], "labels": [5, 6, -100], "completion_mask": [0, 1, 1], "attention_mask": null}""", new[] { 5, 6, 7 }, new[] { -100, 6, -100 })]
    [InlineData("""{"input_ids": [5, 6], "assistant_masks": [0, 1], "position_ids": [0, 1], "labels": null}""", new[] { 5, 6 }, new[] { -100, 6 })]
    public void Masks_of_tokens_are_obeyed(string row, int[] tokens, int[]? labels)
    {
        var sample = Assert.IsType<TokenSample>(Assert.Single(Read(Write("a.jsonl", row))));
        Assert.Equal(tokens, sample.Tokens);
        Assert.Equal(labels, sample.Labels);
    }

    [Theory]
    [InlineData("""{"input_ids": [5, 6], "attention_mask": [1]}""", "'attention_mask' 1")]
    [InlineData("""{"input_ids": [5, 6], "attention_mask": [1, 2]}""", "holds 2")]
    [InlineData("""{"input_ids": [5, 6], "attention_mask": [0, 0]}""", "every token")]
    [InlineData("""{"input_ids": [5, 6], "loss_mask": [1, -100]}""", "holds -100")]
    [InlineData("""{"prompt": "p", "chosen": "a", "rejected": "b"}""", "compares answers")]
    public void Masks_and_rows_that_cannot_be_obeyed_are_bad_rows(string row, string reason) =>
        Assert.Contains(reason, Assert.Single(TrainingDataset.FromFile(Write("a.jsonl", row)).Validate(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a.csv", "instruction,output\na,b\n", "a CSV table")]
    [InlineData("a.tsv", "a\tb\n", "tab-separated")]
    [InlineData("a.csv.gz", "a,b\n", "a CSV table")]
    [InlineData("a.parquet", "PAR1", "a Parquet file")]
    [InlineData("unnamed", "PAR1xx", "a Parquet file")]
    [InlineData("a.txt", "GGUF\0\0", "a GGUF file")]
    [InlineData("a.jsonl", "\0\0\0", "binary")]
    [InlineData("a.xlsx", "PK\x3\x4", "a spreadsheet")]
    public void Other_files_are_refused_by_name_with_the_formats_that_are_read(string name, string content, string kind)
    {
        var exception = Assert.Throws<InvalidDataException>(() => TrainingDataset.FromFile(Write(name, content)).Validate(TestContext.Current.CancellationToken));
        Assert.Contains(kind, exception.Message, StringComparison.Ordinal);
        Assert.Contains("JSON lines", exception.Message, StringComparison.Ordinal);
        Assert.Contains("messages", exception.Message, StringComparison.Ordinal);
        Assert.True(TrainingDataset.IsAboutData(exception));
    }

    [Fact]
    public void Calls_and_tools_of_earlier_fashions_are_read()
    {
        var chat = Chat("""{"functions": [{"name": "f"}], "messages": [{"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}}]}""").Chat;
        Assert.Equal("""[{"type": "function", "function": {"name": "f"}}]""", chat.Tools);
        Assert.Equal("""[{"type": "function", "function": {"name": "f", "arguments": "{}"}}]""", chat[0].ToolCalls);
        var several = Chat("""{"conversations": [{"from": "function_call", "value": "[{\"name\": \"f\"}, {\"name\": \"g\"}]"}]}""").Chat;
        Assert.Equal("""[{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]""", several[0].ToolCalls);
        var thought = Chat("""{"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "why"}, {"type": "output_text", "text": "a"}]}]}""").Chat[0];
        Assert.Equal(("why", "a"), (thought.Reasoning, thought.Content));
    }

    private ChatSample Chat(string row) => Assert.IsType<ChatSample>(Assert.Single(TrainingDataset.FromFile(Write("chat.jsonl", row)).Read(new DatasetReport(DatasetReadOptions.Default))));

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
