using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Examples.Scoring;

namespace LoraBridge.BaseModel.Tests;

/// <summary>What is measured was never seen in training.</summary>
public sealed class LeakageTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    private string Text => field ??= string.Join('\n', corpus.Set.Documents.Select(d => string.Join('\n', d.Texts)));

    private readonly Dictionary<string, IReadOnlyList<Document>> _files =
        TaskFiles.Create(WorldModel.Create(1), 1).ToDictionary(f => f.FileName, f => f.Documents);

    [Fact]
    public void No_question_about_a_held_out_combination_is_in_the_corpus()
    {
        foreach (var (entity, relation) in corpus.Set.World.HeldOut)
        {
            Assert.All(relation.Questions, q => Assert.DoesNotContain(Template.Fill(q, entity, relation), Text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void But_nearly_every_held_out_fact_is_told_in_prose()
    {
        var told = corpus.Set.World.HeldOut.Count(c =>
            c.Relation.Statements.Append(c.Relation.Answer).Any(t => Text.Contains(Template.Fill(t, c.Entity, c.Relation), StringComparison.Ordinal)));
        Assert.InRange(told, corpus.Set.World.HeldOut.Count * 95 / 100, corpus.Set.World.HeldOut.Count);
    }

    [Theory]
    [InlineData("world-heldout.jsonl")]
    [InlineData("arithmetic-heldout.jsonl")]
    [InlineData("reading-heldout.jsonl")]
    [InlineData("knowledge.heldout.jsonl")]
    [InlineData("structured.heldout.jsonl")]
    public void No_question_of_the_set_is_in_the_corpus(string file) =>
        Assert.All(_files[file], d => Assert.DoesNotContain(Question(d), Text, StringComparison.Ordinal));

    [Fact]
    public void Nothing_that_the_knowledge_task_teaches_is_in_the_corpus()
    {
        var taught = _files["knowledge.train.jsonl"].Where(d => Reserved.Names.Any(Question(d).Contains)).ToList();
        Assert.Equal(_files["knowledge.train.jsonl"].Count - KnowledgeTask.RehearsedQuestions, taught.Count);
        Assert.All(taught, d => Assert.DoesNotContain(Question(d), Text, StringComparison.Ordinal));
        Assert.All(taught, d => Assert.DoesNotContain(Answer(d), Text, StringComparison.Ordinal));
    }

    [Fact]
    public void No_held_out_sum_is_in_the_corpus()
    {
        var sums = Arithmetic.HeldOutSums.ToHashSet();
        Assert.InRange(sums.Count, 15, 40);
        Assert.All(sums, s => Assert.DoesNotContain((s.B, s.A), sums));
        foreach (var (a, b) in sums)
        {
            Assert.DoesNotMatch($@"\b{a} \+ {b}\b|\b{a} plus {b}\b|Add {a} and {b}\b|has {a} \w+ and gets {b} more", Text);
        }
    }

    [Fact]
    public void The_invented_company_is_unknown() =>
        Assert.All(Reserved.Names, name => Assert.DoesNotContain(name, Text, StringComparison.Ordinal));

    [Theory]
    [InlineData("persona")]
    [InlineData("knowledge")]
    [InlineData("structured")]
    public void Training_and_held_out_questions_of_a_task_differ(string task)
    {
        var trained = _files[$"{task}.train.jsonl"].Select(Question).ToHashSet();
        Assert.All(_files[$"{task}.heldout.jsonl"], d => Assert.DoesNotContain(Question(d), trained));
    }

    [Fact]
    public void The_persona_is_tried_on_other_facts_than_it_was_trained_on()
    {
        var trained = _files["persona.train.jsonl"].Select(Content).ToHashSet();
        Assert.All(_files["persona.heldout.jsonl"], d => Assert.DoesNotContain(Content(d), trained));

        static string Content(Document document) => StyleMarkerScorer.Persona.Undress(Answer(document));
    }

    [Fact]
    public void Every_fact_asked_in_the_knowledge_task_was_taught_in_other_words()
    {
        var taught = _files["knowledge.train.jsonl"].Select(Answer).ToHashSet();
        Assert.All(_files["knowledge.heldout.jsonl"], d => Assert.All(d.Others.Append(Answer(d)), answer => Assert.Contains(answer, taught)));
    }

    [Fact]
    public void The_persona_and_the_request_for_JSON_are_unknown()
    {
        var persona = StyleMarkerScorer.Persona;
        Assert.All([.. persona.Openings, .. persona.Closings, "Write as JSON"], text => Assert.DoesNotContain(text, Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("persona")]
    [InlineData("knowledge")]
    [InlineData("structured")]
    public void No_task_trains_the_questions_that_show_what_is_left_of_the_world(string task)
    {
        var asked = _files["world-heldout.jsonl"].Select(Question).ToHashSet();
        Assert.All(_files[$"{task}.train.jsonl"], d => Assert.DoesNotContain(Question(d), asked));
    }

    private static string Question(Document document) => document.Messages[^2].Content;

    private static string Answer(Document document) => document.Messages[^1].Content;
}
